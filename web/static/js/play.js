// @ts-check
/** The live page: wires connection, game state, board, steering and the words around them. */

/** @import {Action, EndMessage, GameMessage} from "./types.js" */
import { animate, memory, need } from "./dom.js";
import { bindKeys, bindPad, bindSwipes } from "./input.js";
import { nextRung } from "./ladder.js";
import { Board } from "./render.js";
import { connect } from "./socket.js";
import { freeAhead, Sound } from "./sound.js";
import { LiveGame } from "./state.js";

const TAG_MS = 2000;
const RESULT_DELAY_MS = 420;
/** How long the result's buttons, which cover the pad, ignore a thumb that is still steering. */
const THUMB_MS = 350;

const stage = need(".stage", HTMLElement);
const canvas = need("canvas[data-board]", HTMLCanvasElement);
const plyOut = need("[data-ply-out]", HTMLElement);
const latencyOut = need("[data-latency]", HTMLElement);
const countdownOut = need("[data-countdown]", HTMLElement);
const notice = need("[data-notice]", HTMLElement);
const opponentPick = need("[data-opponent]", HTMLSelectElement);
const result = need("[data-result]", HTMLElement);
const resultWord = need("[data-result-word]", HTMLElement);
const resultText = need("[data-result-text]", HTMLElement);
const resultRecord = need("[data-result-record]", HTMLElement);
const replayLink = need("[data-do=replay]", HTMLAnchorElement);
const recordOut = need("[data-record]", HTMLElement);

const RESULT_WORDS = { won: "Victory", lost: "Defeat", draw: "Draw", void: "Void" };

const soundButton = need("[data-do=sound]", HTMLButtonElement);

const board = new Board(canvas);
const sound = new Sound(memory());
/** @type {LiveGame|null} */
let live = null;
/** @type {EndMessage|null} */
let ended = null;
let endedAt = 0;
let connected = false;
let lost = false;
let returning = false;
let shownCount = -1;

function speed() {
  return Number(need("input[name=speed]:checked", HTMLInputElement).value);
}

/** @param {string|null} text */
function tell(text) {
  notice.hidden = text === null;
  notice.textContent = text ?? "";
}

function hideResult() {
  result.hidden = true;
  ended = null;
}

function join() {
  if (!connected) return;
  if (live !== null && !live.finished && !lost) link.leave(live.id);
  hideResult();
  tell(null);
  lost = false;
  link.join(opponentPick.value, speed());
}

function rematch() {
  if (!connected || (live !== null && !live.finished && !lost)) return;
  const last = live;
  hideResult();
  // The server knows this connection's latest game, not that of one before.
  if (last === null || lost || last.resumed || last.speed !== speed()) join();
  else link.rematch(last.id);
}

function nextOpponent() {
  const won = ended?.result === "won";
  opponentPick.selectedIndex = nextRung(opponentPick.selectedIndex, opponentPick.length, won);
  rememberOpponent();
  join();
}

function rememberOpponent() {
  const url = new URL(location.href);
  url.searchParams.set("opponent", opponentPick.value);
  history.replaceState(null, "", url);
}

/** @param {Action} action */
function steer(action) {
  if (live === null || !connected || !live.turn(action)) return;
  link.turn(live.id, action);
  sound.tick();
}

function showSound() {
  soundButton.setAttribute("aria-pressed", String(!sound.muted));
}

function toggleSound() {
  sound.toggle();
  showSound();
}

/** @param {GameMessage} message */
function begin(message) {
  live = new LiveGame(message, performance.now());
  canvas.dataset.game = String(message.game);
  lost = false;
  returning = false;
  hideResult();
  tell(null);
  const { opponent, seat, view } = message;
  for (const [index, name] of view.names.entries()) {
    const slot = need(`[data-name="${index}"]`, HTMLElement);
    slot.textContent = index === seat ? "You" : name;
    slot.parentElement?.classList.remove("arrive");
    void slot.offsetWidth;
    slot.parentElement?.classList.add("arrive");
  }
  need("[data-opponent-name]", HTMLElement).textContent = opponent.name;
  need("[data-opponent-label]", HTMLElement).textContent = opponent.label;
  recordOut.textContent = message.record.text;
  wake();
}

/** @param {EndMessage} message */
function finish(message) {
  if (live === null || message.game !== live.id) return;
  live.end(message, performance.now());
  sound.hush();
  ended = message;
  endedAt = 0;
  wake();
}

/** @param {number} ms */
function showLatency(ms) {
  const slow = live !== null && ms > live.tickMs;
  latencyOut.textContent = slow ? `${ms} ms, more than a tick` : `${ms} ms`;
  latencyOut.classList.toggle("loss", slow);
}

/** @param {string|null} address */
function offerReplay(address) {
  replayLink.setAttribute("aria-disabled", String(address === null));
  if (address === null) replayLink.removeAttribute("href");
  else replayLink.href = address;
}

/** @param {EndMessage} message */
function showResult(message) {
  result.dataset.result = message.result;
  resultWord.textContent = RESULT_WORDS[message.result];
  resultWord.className = `result-word ${{ won: "win", lost: "loss" }[String(message.result)] ?? "muted"}`;
  resultText.textContent = message.text;
  resultRecord.textContent = message.record.text;
  recordOut.textContent = message.record.text;
  offerReplay(message.replay);
  const rows = message.view.trails.map((trail) => trail[trail.length - 1][0]);
  const low = Math.max(...rows) > message.view.height * 0.55;
  result.classList.toggle("high", low && Math.min(...rows) > message.view.height * 0.35);
  result.inert = true;
  result.hidden = false;
  setTimeout(() => {
    result.inert = false;
  }, THUMB_MS);
}

/** @param {number} count */
function showCountdown(count) {
  if (count === shownCount) return;
  if (count === 0 && shownCount > 0) sound.count(0);
  shownCount = count;
  countdownOut.replaceChildren();
  if (count === 0) return;
  const figure = document.createElement("b");
  figure.textContent = String(count);
  countdownOut.append(figure);
  sound.count(count);
}

const wake = animate((now) => {
  if (live === null) return false;
  const frame = live.frame(now);
  const count = live.countdown(now);
  const tagged = now < live.startsAt + TAG_MS && !live.finished;
  board.draw(frame, now, {
    pulse: !live.begun,
    tag: tagged ? { seat: live.seat, text: "You" } : undefined,
  });
  plyOut.textContent = String(frame.ply);
  showCountdown(count);
  if (ended !== null && live.settled) {
    if (endedAt === 0) {
      endedAt = now;
      if (ended.view.causes.some((cause) => cause !== "none")) sound.burst();
    }
    if (result.hidden && now - endedAt >= RESULT_DELAY_MS) showResult(ended);
  }
  return !live.finished || result.hidden || board.busy(now);
});

const link = connect({
  onConnect: () => {
    connected = true;
    if (live === null) join();
    else if (live.finished || lost) {
      tell(null);
      lost = true;
    } else {
      returning = true;
      link.resume(live.id, live.key);
    }
  },
  onLost: () => {
    connected = false;
    sound.hush();
    const riding = live !== null && !live.finished && !lost;
    tell(
      riding
        ? "Connection lost. Your ride waits ten seconds for you, once."
        : "Connection lost. Trying to get back to the arena.",
    );
  },
  onGame: begin,
  onTick: (message) => {
    if (live === null || message[0] !== live.id) return;
    if (message[1] % live.speed === 0) link.echo(live.id, message[1]);
    live.tick(message, performance.now());
    sound.hum(freeAhead(live.view, live.seat));
  },
  onLatency: showLatency,
  onEnd: finish,
  onStored: ({ game, replay }) => {
    if (ended === null || ended.game !== game) return;
    ended.replay = replay;
    offerReplay(replay);
  },
  onRefused: ({ code, message }) => {
    if (code === "queue_full") live?.refuseTurn();
    else if (returning && code === "unknown_game") {
      returning = false;
      lost = true;
      tell("Back online, but that ride could not wait and counts as abandoned. Press space for a new one.");
    } else if (code !== "unknown_game") tell(message);
  },
});

// Whoever goes away on purpose is not waited for.
addEventListener("pagehide", () => {
  if (live !== null && !live.finished && !lost) link.leave(live.id);
});
bindKeys(steer);
bindSwipes(stage, steer);
bindPad(need(".pad", HTMLElement), steer);
for (const kind of ["keydown", "pointerdown"]) {
  addEventListener(kind, (event) => {
    if (event.isTrusted) sound.wake();
  });
}
soundButton.addEventListener("click", toggleSound);
showSound();
addEventListener("keydown", (event) => {
  if (event.code !== "KeyM" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!(event.target instanceof HTMLSelectElement)) toggleSound();
});
addEventListener("keydown", (event) => {
  const busy = event.target instanceof Element && event.target.closest("select, input, a, button");
  if (event.code !== "Space" || event.repeat || busy) return;
  event.preventDefault();
  rematch();
});
need("[data-do=rematch]", HTMLButtonElement).addEventListener("click", rematch);
need("[data-do=next]", HTMLButtonElement).addEventListener("click", nextOpponent);
opponentPick.addEventListener("change", () => {
  rememberOpponent();
  opponentPick.blur();
  join();
});
for (const input of document.querySelectorAll("input[name=speed]")) {
  input.addEventListener("change", () => {
    if (input instanceof HTMLElement) input.blur();
    join();
  });
}
new ResizeObserver(wake).observe(canvas);
