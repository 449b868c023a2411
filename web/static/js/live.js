// @ts-check
/** The page of live rides: a list to choose from, and one of them on the board. */

/** @import {TickMessage, WatchedMessage} from "./types.js" */
import { animate, need, setCurrent } from "./dom.js";
import { Board } from "./render.js";
import { connect } from "./socket.js";
import { LiveGame } from "./state.js";
import { say } from "./words.js";

const LIST_MS = 2000;
const LINGER_MS = 2500;

const board = new Board(need("canvas[data-board]", HTMLCanvasElement));
const plyOut = need("[data-ply-out]", HTMLElement);
const hud = need("[data-hud]", HTMLElement);
const notice = need("[data-notice]", HTMLElement);
const list = need("[data-rides]", HTMLElement);
const total = need("[data-total]", HTMLElement);

/** @type {LiveGame|null} */
let shown = null;
let chosen = Number(new URLSearchParams(location.search).get("game"));
let leftAt = 0;
/** Whether a new connection has asked for the ride that is shown. */
let returning = false;
/** Ticks that came before the board they belong to. @type {TickMessage[]} */
let early = [];

/**
 * @param {string|null} text
 * @param {{trouble?: boolean}} [options]  whether something is amiss
 */
function tell(text, { trouble = false } = {}) {
  notice.hidden = text === null;
  notice.classList.toggle("calm", !trouble);
  notice.textContent = text ?? "";
}

/** @param {number} game */
function watch(game) {
  chosen = game;
  early = [];
  link.watch(game);
}

/** @param {WatchedMessage} message */
function show(message) {
  const now = performance.now();
  shown = new LiveGame(
    {
      ...message,
      key: "",
      resumed: true,
      stands_in: false,
      seat: 0,
      countdown_ms: 0,
      record: { text: "", wins: 0, losses: 0, draws: 0, abandoned: 0 },
    },
    now,
  );
  for (const tick of early) shown.tick(tick, now);
  early = [];
  leftAt = 0;
  returning = false;
  for (const [index, name] of message.view.names.entries()) {
    need(`[data-name="${index}"]`, HTMLElement).textContent = name;
  }
  board.canvas.dataset.game = String(message.game);
  hud.removeAttribute("data-idle");
  if (message.frozen) tell(say("live.frozen"), { trouble: true });
  else tell(null);
  mark();
  wake();
}

function mark() {
  for (const each of list.querySelectorAll("button")) {
    setCurrent(each, Number(each.value) === shown?.id);
  }
}

/** @param {{game: number, player: string, speed: number, opponent: {name: string}}[]} games */
function fill(games) {
  list.replaceChildren(
    ...games.map(({ game, player, opponent }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.value = String(game);
      button.textContent = say("live.ride", { player, opponent: opponent.name });
      button.addEventListener("click", () => watch(game));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
  mark();
}

async function follow() {
  try {
    const response = await fetch("/live/games.json");
    if (response.ok) {
      const { games, total: riding } = await response.json();
      total.textContent = String(riding);
      fill(games);
      const over = shown === null || (shown.finished && performance.now() - leftAt > LINGER_MS);
      if (over && games.length > 0) {
        const wanted = games.find((/** @type {{game: number}} */ each) => each.game === chosen);
        watch((wanted ?? games[0]).game);
      } else if (over && games.length === 0) {
        tell(say("live.nobody"));
      }
    }
  } catch {
    tell(say("live.away"), { trouble: true });
  }
  setTimeout(follow, document.hidden ? 4 * LIST_MS : LIST_MS);
}

const wake = animate((now) => {
  if (shown === null) {
    board.drawEmpty();
    return false;
  }
  const frame = shown.frame(now);
  board.draw(frame, now);
  plyOut.textContent = String(frame.ply);
  return !shown.finished || !shown.settled || board.busy(now);
});

const link = connect({
  onConnect: () => {
    returning = shown !== null && !shown.finished;
    if (shown !== null && returning) link.watch(shown.id);
  },
  onRefused: ({ message }) => {
    // The ride that was watched ended while the line was broken: on to the next.
    if (returning) shown = null;
    else tell(message);
    returning = false;
  },
  onWatched: show,
  onTick: (message) => {
    if (shown !== null && message[0] === shown.id) shown.tick(message, performance.now());
    else if (message[0] === chosen) early.push(message);
  },
  onFrozen: ({ game }) => {
    if (game === shown?.id) tell(say("live.frozen"), { trouble: true });
  },
  onOver: ({ game, text, view }) => {
    if (shown === null || game !== shown.id) return;
    shown.end({ game, ply: view.plies, result: "draw", text, view, replay: null, record: shown.record }, performance.now());
    leftAt = performance.now();
    tell(text);
    wake();
  },
});

new ResizeObserver(wake).observe(board.canvas);
void follow();
