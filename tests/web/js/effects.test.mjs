import assert from "node:assert/strict";
import test from "node:test";
import { crash, SPARK_MS, SPARKS, streak } from "../../../web/static/js/effects.js";

test("most sparks go on in the rider's direction, and all burn out in time", () => {
  const { sparks } = crash(0, [5, 5], 1, 0);
  assert.equal(sparks.length, SPARKS);
  const onwards = sparks.filter((spark) => {
    const drawn = streak(spark, 100);
    return drawn !== null && drawn.to[1] > 5;
  });
  assert.ok(onwards.length >= SPARKS / 2, `${onwards.length} sparks`);
  assert.ok(sparks.every((spark) => streak(spark, SPARK_MS) === null));
});
