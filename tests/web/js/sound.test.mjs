import assert from "node:assert/strict";
import test from "node:test";
import { FAR, freeAhead, HUM_HZ, humHz, Sound, STORAGE_KEY } from "../../../web/static/js/sound.js";
import { crashView } from "./views.mjs";

/** Counts what would be heard. */
class Speaker {
  state = "suspended";
  currentTime = 0;
  async resume() {
    this.state = "running";
  }
}

class Drawer {
  kept = new Map();
  getItem(key) {
    return this.kept.get(key) ?? null;
  }
  setItem(key, value) {
    this.kept.set(key, value);
  }
}

function room(memory = new Drawer()) {
  const made = [];
  const sound = new Sound(memory, () => {
    made.push(new Speaker());
    return made.at(-1);
  });
  return { sound, made, memory };
}

test("nothing is made before the player's first input", () => {
  const { sound, made } = room();
  sound.hum(5);
  sound.tick();
  sound.burst();
  sound.count(3);
  assert.equal(made.length, 0);
  assert.equal(sound.audible(), null);
  sound.wake();
  sound.wake();
  assert.equal(made.length, 1);
  assert.equal(sound.audible(), made[0]);
});

test("muting is remembered, and muted nothing is made", () => {
  const { sound, memory } = room();
  sound.wake();
  assert.equal(sound.toggle(), true);
  assert.equal(sound.audible(), null);
  assert.equal(memory.kept.get(STORAGE_KEY), "off");
  const later = room(memory);
  later.sound.wake();
  assert.equal(later.made.length, 0);
  assert.equal(later.sound.toggle(), false);
  assert.equal(later.made.length, 1);
  assert.equal(memory.kept.get(STORAGE_KEY), "on");
});

test("the hum falls as room runs out", () => {
  assert.equal(humHz(0), HUM_HZ[0]);
  assert.equal(humHz(FAR), HUM_HZ[1]);
  assert.equal(humHz(FAR + 9), HUM_HZ[1]);
  for (let free = 0; free < FAR; free += 1) assert.ok(humHz(free) < humHz(free + 1));
});

test("free cells end at the wall and at trails", () => {
  const view = crashView();
  const [row, col] = view.trails[1].at(-1);
  view.headings[1] = 0;
  const wall = freeAhead({ ...view, trails: [[[9, 9]], view.trails[1]] }, 1);
  assert.equal(wall, row - 1);
  assert.equal(freeAhead({ ...view, trails: [[[row - 2, col]], view.trails[1]] }, 1), 1);
  assert.equal(freeAhead({ ...view, trails: [[[9, 9]], view.trails[1]], lead_in: [[row - 1, col], null] }, 1), 0);
});
