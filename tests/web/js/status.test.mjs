import assert from "node:assert/strict";
import test from "node:test";
import { pageKey } from "../../../web/static/js/status.js";

const champion = { round: 1, name: "a" };

test("progress alone does not change what the page is about", () => {
  const early = pageKey({ champion, running: { round: 2, done: 1, total: 9 } });
  assert.equal(pageKey({ champion, running: { round: 2, done: 8, total: 9 } }), early);
});

test("a new champion, a round begun and a round ended do", () => {
  const keys = [
    pageKey({ champion: null, running: null }),
    pageKey({ champion, running: null }),
    pageKey({ champion: { round: 2, name: "a" }, running: null }),
    pageKey({ champion, running: { round: 2, done: 0, total: 9 } }),
  ];
  assert.equal(new Set(keys).size, keys.length);
});
