// @ts-check
/** The live page: wires connection, game state, board, steering and the words around them. */

/** @import {Action, EndMessage, GameMessage, OpponentName} from "./types.js" */
import { animate, memory, need, setCurrent } from "./dom.js";
import { bindKeys, bindPad, bindSwipes } from "./input.js";
import { nextRung, standing } from "./ladder.js";
import { Board } from "./render.js";
import { connect } from "./socket.js";
import { freeAhead, Sound } from "./sound.js";
import { LiveGame } from "./state.js";
import { say } from "./words.js";

const TAG_MS = 2000;
const RESULT_DELAY_MS = 420;
const TURN_MS = 8;
const CRASH_MS = 60;
/** How long the result's buttons, which cover the pad, ignore a thumb that is still steering. */
const THUMB_MS = 350;

const stage = need(".stage", HTMLElement);
const hud = need("[data-hud]", HTMLElement);
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

const line = need("[data-line]", HTMLElement);
const lineTitle = need("[data-line-title]", HTMLElement);
const linePlace = need("[data-line-place]", HTMLElement);
const lineOffer = need("[data-do=offer]", HTMLButtonElement);
const lineAgain = need("[data-do=again]", HTMLButtonElement);
const nickname = need("[data-nickname]", HTMLInputElement);
const rungs = [...document.querySelectorAll("[data-rung]")];
const NICKNAME_KEY = "tron-nickname";
/** Why no ride starts, where asking again may help. */
const PASSING = new Set(["unavailable", "full", "too_fast"]);
/** Without a tick for so many of them the connection is taken for dead, and begun anew. */
const SILENT_TICKS = 15;

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
let heardAt = 0;
let latencyMs = 0;
let frozen = false;
/** Whether a ride starts by itself once it is one's turn. */
let inLine = false;
/** Whether the last ride could not wait, and the next one is to be asked for. */
let rideOver = false;
/** @type {{replay: number, ply: number, seat: import("./types.js").Seat}|null} */
let takeOver = readTakeOver();

function speed() {
  return Number(need("input[name=speed]:checked", HTMLInputElement).value);
}

/** @returns {typeof takeOver} what the address asks to ride on from */
function readTakeOver() {
  const query = new URLSearchParams(location.search);
  const [replay, ply, seat] = ["takeover", "ply", "seat"].map((name) => Number(query.get(name)));
  if (!Number.isInteger(replay) || replay < 1 || !Number.isInteger(ply)) return null;
  return { replay, ply, seat: seat === 1 ? 1 : 0 };
}

/**
 * Say something on the board, where it covers neither one's own head nor the result.
 * @param {string|null} text
 * @param {{calm?: boolean}} [options]  whether nothing is amiss
 */
function tell(text, { calm = false } = {}) {
  const row = live?.view.trails[live.seat].at(-1)?.[0] ?? Infinity;
  notice.hidden = text === null;
  notice.classList.toggle("calm", calm);
  notice.classList.toggle("low", result.hidden && row < (live?.view.height ?? 0) / 2);
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
  // What was ridden is left; the next game says when it is there.
  lost = live !== null;
  leaveLine();
  if (takeOver === null) link.join(opponentPick.value, speed());
  else link.takeOver(takeOver.replay, takeOver.ply, takeOver.seat, speed());
}

function leaveLine() {
  if (inLine) link.leaveLine();
  hideLine();
}

function hideLine() {
  inLine = false;
  rideOver = false;
  line.hidden = true;
}

/**
 * Say on the board why no ride starts, and offer another one.
 * @param {string} title
 * @param {string} text
 * @param {{spec: string, name: string}|null} offer
 * @param {string|null} [again]  what a button says that asks once more
 */
function showLine(title, text, offer, again = null) {
  hideResult();
  line.hidden = false;
  lineTitle.textContent = title;
  linePlace.textContent = text;
  lineAgain.hidden = again === null;
  lineAgain.textContent = again;
  lineOffer.hidden = offer === null;
  lineOffer.classList.toggle("primary", again === null);
  if (offer !== null) {
    lineOffer.textContent = say("play.offer", { name: offer.name });
    lineOffer.value = offer.spec;
  }
}

function forgetTakeOver() {
  takeOver = null;
  const url = new URL(location.href);
  for (const name of ["takeover", "ply", "seat"]) url.searchParams.delete(name);
  history.replaceState(null, "", url);
}

function rematch() {
  // Whoever is in line keeps the place.
  if (!connected || inLine || (live !== null && !live.finished && !lost)) return;
  const last = live;
  hideResult();
  // The server knows this connection's latest game, not that of one before.
  if (last === null || lost || last.resumed || takeOver !== null || last.speed !== speed()) join();
  else link.rematch(last.id);
}

function nextOpponent() {
  const won = ended?.result === "won";
  opponentPick.selectedIndex = nextRung(opponentPick.selectedIndex, opponentPick.length, won);
  forgetTakeOver();
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
  if (live === null || !connected || !live.turn(action, performance.now())) return;
  link.turn(live.id, action);
  sound.tick();
  touch(TURN_MS);
}

/** @param {number} ms  that a phone in the hand shakes, which browsers allow once it was touched */
function touch(ms) {
  const held = navigator.userActivation?.hasBeenActive ?? true;
  if (held && matchMedia("(pointer: coarse)").matches) navigator.vibrate?.(ms);
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
  live = new LiveGame(message, performance.now(), latencyMs);
  canvas.dataset.game = String(message.game);
  lost = false;
  returning = false;
  frozen = false;
  hideLine();
  heardAt = performance.now() + message.countdown_ms;
  hideResult();
  const stand = say("play.stands_in", { name: message.opponent.name });
  tell(message.stands_in ? stand : null, { calm: true });
  if (message.stands_in) setTimeout(() => tell(null), 4000);
  const { opponent, seat, view } = message;
  for (const [index, name] of view.names.entries()) {
    const slot = need(`[data-name="${index}"]`, HTMLElement);
    slot.textContent = index === seat ? say("play.you") : name;
    slot.parentElement?.classList.remove("arrive");
    void slot.offsetWidth;
    slot.parentElement?.classList.add("arrive");
  }
  hud.removeAttribute("data-idle");
  introduce(opponent);
  recordOut.textContent = message.record.text;
  wake();
}

/** @param {OpponentName} opponent */
function introduce({ name, label, spec }) {
  need("[data-opponent-name]", HTMLElement).textContent = name;
  need("[data-opponent-label]", HTMLElement).textContent = label;
  showRung(spec);
}

/**
 * Mark where one rides on the ladder: at whom the server says, else at whom one asked for.
 * @param {string} spec
 */
function showRung(spec) {
  /** @param {string} name */
  const namedSo = (name) =>
    rungs.find((rung) => /** @type {HTMLElement} */ (rung).dataset.names?.split(" ").includes(name));
  const here = namedSo(spec) ?? namedSo(opponentPick.value);
  for (const rung of rungs) {
    setCurrent(rung, rung === here);
    const list = rung.closest("ol");
    if (list !== null && rung instanceof HTMLElement && rung.ariaCurrent !== null) {
      list.scrollTop = rung.offsetTop - list.offsetTop - rung.offsetHeight;
    }
  }
}

/** @param {EndMessage} message */
function finish(message) {
  if (live === null || message.game !== live.id) return;
  // Told late, on another connection than it was ridden on, which has no latest game.
  lost ||= returning;
  returning = false;
  frozen = false;
  tell(null);
  live.end(message, performance.now());
  climb(message.result);
  sound.hush();
  ended = message;
  endedAt = 0;
  wake();
}

/** @param {EndMessage["result"]|null} result */
function climb(result) {
  const rung = rungs.find((each) => each.hasAttribute("aria-current"));
  if (result === "won" && takeOver === null) rung?.setAttribute("data-beaten", "");
  need("[data-standing]", HTMLElement).textContent = standing(
    rungs.map((each) => ({
      name: /** @type {HTMLElement} */ (each).dataset.label ?? "",
      beaten: each.hasAttribute("data-beaten"),
    })),
  );
}

/** @param {number} ms */
function showLatency(ms) {
  latencyMs = ms;
  if (live !== null) live.latencyMs = ms;
  const slow = live !== null && ms > live.tickMs;
  latencyOut.textContent = say(slow ? "play.latency_slow" : "play.latency", { ms });
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
  resultWord.textContent = say(`play.${message.result}`);
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
  if (live === null) {
    board.drawEmpty();
    return false;
  }
  const frame = live.frame(now);
  const count = live.countdown(now);
  const tagged = now < live.startsAt + TAG_MS && !live.finished;
  board.draw(frame, now, {
    pulse: !live.begun,
    tag: tagged ? { seat: live.seat, text: say("play.you") } : undefined,
  });
  plyOut.textContent = String(frame.ply);
  showCountdown(count);
  if (ended !== null && live.settled) {
    if (endedAt === 0) {
      endedAt = now;
      if (ended.view.causes.some((cause) => cause !== "none")) {
        sound.burst();
        touch(CRASH_MS);
      }
    }
    if (result.hidden && now - endedAt >= RESULT_DELAY_MS) showResult(ended);
  }
  if (!live.finished && !lost && connected && !frozen && now - heardAt > SILENT_TICKS * live.tickMs) {
    heardAt = now + 2000;
    link.reconnect();
  }
  return !live.finished || result.hidden || board.busy(now);
});

const link = connect({
  onConnect: (ms) => {
    connected = true;
    // A first guess, so that marks of turns stand right before the server has measured it.
    latencyMs ||= ms;
    if (nickname.value !== "") link.callMe(nickname.value);
    // The server keeps no place in line for a connection that ended.
    if (live === null || (!line.hidden && !rideOver)) join();
    else if (live.finished || lost) {
      tell(null);
      lost = true;
    } else {
      returning = true;
      // However long it was away, this connection has only begun to be listened to.
      heardAt = performance.now();
      link.resume(live.id, live.key);
    }
  },
  onLost: () => {
    connected = false;
    sound.hush();
    const riding = live !== null && !live.finished && !lost;
    tell(say(riding ? "play.ride_lost" : "play.line_lost"));
  },
  onGame: begin,
  onTick: (message) => {
    if (live === null || message[0] !== live.id) return;
    heardAt = performance.now();
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
  onWaiting: ({ place, opponent, offer }) => {
    const text = say(place === 1 ? "play.next" : "play.in_line", {
      name: opponent.name,
      ahead: place - 1,
    });
    showLine(say("play.line"), text, offer);
    introduce(opponent);
    recordOut.textContent = "";
    inLine = true;
  },
  onFrozen: ({ game, seconds }) => {
    if (live === null || game !== live.id) return;
    frozen = true;
    sound.hush();
    tell(say("play.frozen", { seconds: Math.round(seconds) }));
    link.echo(live.id, Math.max(live.view.plies, 1));
  },
  onSnapshot: ({ game, view }) => {
    if (live === null || game !== live.id) return;
    live.catchUp(view, performance.now());
    wake();
  },
  onRefused: ({ code, message }) => {
    if (code === "queue_full") live?.refuseTurn();
    else if ((returning || frozen) && code === "unknown_game") {
      const begun = live?.begun || live?.resumed;
      returning = false;
      frozen = false;
      lost = true;
      // What has not begun waits for nobody, and is nobody's loss.
      if (!begun) join();
      else {
        tell(null);
        showLine(say("play.ride_over"), say("play.abandoned"), null, say("play.ride_again"));
        rideOver = true;
      }
    } else if (code !== "unknown_game") {
      const riding = live !== null && !live.finished && !lost;
      if (riding || ended !== null || code === "malformed") tell(message);
      else {
        const light = { spec: "light", name: say("play.light_champion") };
        const offer = opponentPick.value.startsWith("light") ? null : light;
        showLine(say("play.no_ride"), message, offer, PASSING.has(code) ? say("play.again") : null);
      }
    }
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
climb(null);
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
lineAgain.addEventListener("click", join);
lineOffer.addEventListener("click", () => {
  leaveLine();
  link.join(lineOffer.value, speed());
});
nickname.value = memory().getItem(NICKNAME_KEY) ?? "";
nickname.addEventListener("change", () => {
  if (!nickname.reportValidity()) return;
  memory().setItem(NICKNAME_KEY, nickname.value);
  link.callMe(nickname.value);
});
for (const rung of rungs) {
  rung.addEventListener("click", () => {
    opponentPick.value = /** @type {HTMLElement} */ (rung).dataset.rung ?? "";
    forgetTakeOver();
    rememberOpponent();
    join();
  });
}
opponentPick.addEventListener("change", () => {
  forgetTakeOver();
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
