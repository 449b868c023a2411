// @ts-check
/** Steering by keys, swipes and the on-screen pad; every binder returns its unbinder. */

/** @import {Action} from "./types.js" */

/** @type {ReadonlyMap<string, Action>} */
export const KEY_TO_ACTION = new Map(
  /** @type {[string, Action][]} */ ([
    ["ArrowUp", 0],
    ["ArrowRight", 1],
    ["ArrowDown", 2],
    ["ArrowLeft", 3],
    ["KeyW", 0],
    ["KeyD", 1],
    ["KeyS", 2],
    ["KeyA", 3],
  ]),
);

/** A swipe counts once it is this long, in CSS pixels; the finger may then go on to the next. */
export const SWIPE_PX = 22;

/**
 * @param {number} dx  CSS pixels to the right
 * @param {number} dy  CSS pixels down
 * @returns {Action|null} the direction of a stroke, or null while it is too short or diagonal
 */
export function swipeAction(dx, dy) {
  const [across, down] = [Math.abs(dx), Math.abs(dy)];
  if (Math.max(across, down) < SWIPE_PX || Math.max(across, down) < 1.3 * Math.min(across, down)) {
    return null;
  }
  if (across > down) return dx > 0 ? 1 : 3;
  return dy > 0 ? 2 : 0;
}

/** @param {EventTarget|null} target */
function isField(target) {
  return target instanceof Element && target.closest("input, select, textarea, dialog") !== null;
}

/**
 * Report steering keys until unbound.
 * @param {(action: Action) => void} onAction
 * @returns {() => void} unbind
 */
export function bindKeys(onAction) {
  /** @param {KeyboardEvent} event */
  const listen = (event) => {
    const action = KEY_TO_ACTION.get(event.code);
    if (action === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    if (isField(event.target)) return;
    event.preventDefault();
    if (!event.repeat) onAction(action);
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

/**
 * Report swipes over an element until unbound; one touch may draw several turns.
 * @param {HTMLElement} element
 * @param {(action: Action) => void} onAction
 * @returns {() => void} unbind
 */
export function bindSwipes(element, onAction) {
  /** @type {{id: number, x: number, y: number}|null} */
  let stroke = null;
  /** @param {PointerEvent} event */
  const down = (event) => {
    const onControl = event.target instanceof Element && event.target.closest("button, a, select");
    if (event.pointerType === "mouse" || onControl) return;
    stroke = { id: event.pointerId, x: event.clientX, y: event.clientY };
  };
  /** @param {PointerEvent} event */
  const move = (event) => {
    if (stroke === null || event.pointerId !== stroke.id) return;
    const action = swipeAction(event.clientX - stroke.x, event.clientY - stroke.y);
    if (action === null) return;
    stroke = { ...stroke, x: event.clientX, y: event.clientY };
    onAction(action);
  };
  const up = () => {
    stroke = null;
  };
  const control = new AbortController();
  element.addEventListener("pointerdown", down, { signal: control.signal });
  addEventListener("pointermove", move, { signal: control.signal });
  addEventListener("pointerup", up, { signal: control.signal });
  addEventListener("pointercancel", up, { signal: control.signal });
  return () => control.abort();
}

/**
 * Report presses of the pad's buttons, each marked `data-action`, until unbound.
 * @param {HTMLElement} pad
 * @param {(action: Action) => void} onAction
 * @returns {() => void} unbind
 */
export function bindPad(pad, onAction) {
  /** @param {PointerEvent} event */
  const press = (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
    if (!(button instanceof HTMLElement)) return;
    event.preventDefault();
    onAction(/** @type {Action} */ (Number(button.dataset.action)));
  };
  pad.addEventListener("pointerdown", press);
  return () => pad.removeEventListener("pointerdown", press);
}
