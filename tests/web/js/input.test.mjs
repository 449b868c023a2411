import assert from "node:assert/strict";
import test from "node:test";
import { KEY_TO_ACTION, swipeAction, SWIPE_PX } from "../../../web/static/js/input.js";

test("arrows and WASD name the four actions in order", () => {
  assert.deepEqual(["ArrowUp", "ArrowRight", "ArrowDown", "ArrowLeft"].map((key) => KEY_TO_ACTION.get(key)), [0, 1, 2, 3]);
  assert.deepEqual(["KeyW", "KeyD", "KeyS", "KeyA"].map((key) => KEY_TO_ACTION.get(key)), [0, 1, 2, 3]);
});

test("a stroke counts once it is long enough and clearly along one axis", () => {
  assert.equal(swipeAction(0, -SWIPE_PX), 0);
  assert.equal(swipeAction(SWIPE_PX, 3), 1);
  assert.equal(swipeAction(-2, SWIPE_PX), 2);
  assert.equal(swipeAction(-SWIPE_PX, 0), 3);
  assert.equal(swipeAction(SWIPE_PX - 1, 0), null);
  assert.equal(swipeAction(40, 38), null);
});
