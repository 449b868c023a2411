// @ts-check
/** The live connection: events in, events out, nothing else. */

/** @import {Action, EndMessage, GameMessage, OverMessage, RefusedMessage, Seat, SnapshotMessage, TickMessage, WaitingMessage, WatchedMessage} from "./types.js" */
import { io } from "socket.io-client";

/**
 * @typedef {object} LiveHandlers
 * @property {(ms: number) => void} onConnect  told how long the server's first answer took
 * @property {() => void} onLost
 * @property {(message: GameMessage) => void} onGame
 * @property {(message: TickMessage) => void} onTick
 * @property {(ms: number) => void} onLatency  the way to this browser and back
 * @property {(message: EndMessage) => void} onEnd
 * @property {(message: {game: number, replay: string}) => void} onStored
 * @property {(message: RefusedMessage) => void} onRefused
 * @property {(message: WaitingMessage) => void} onWaiting
 * @property {(message: {game: number, seconds: number}) => void} onFrozen
 * @property {(message: SnapshotMessage) => void} onSnapshot
 * @property {(message: WatchedMessage) => void} onWatched
 * @property {(message: OverMessage) => void} onOver
 */

/**
 * @typedef {object} LiveConnection
 * @property {(opponent: string, speed: number) => void} join
 * @property {(game: number, action: Action) => void} turn
 * @property {(game: number, key: string) => void} resume
 * @property {(game: number, ply: number) => void} echo
 * @property {(game: number) => void} rematch
 * @property {(game: number) => void} leave
 * @property {(replay: number, ply: number, seat: Seat, speed: number) => void} takeOver
 * @property {() => void} leaveLine
 * @property {(name: string) => void} callMe
 * @property {(game: number) => void} watch
 * @property {() => void} reconnect  begin again with a new connection, at once
 */

/**
 * @param {Partial<LiveHandlers>} handlers
 * @returns {LiveConnection}
 */
export function connect(handlers) {
  const socket = io("/live", {
    transports: ["websocket", "polling"],
    reconnectionDelay: 250,
    reconnectionDelayMax: 2000,
  });
  /** @type {[string, ((message: any) => void)|undefined][]} */
  const events = [
    ["disconnect", handlers.onLost],
    ["game", handlers.onGame],
    ["tick", handlers.onTick],
    ["latency", handlers.onLatency],
    ["end", handlers.onEnd],
    ["stored", handlers.onStored],
    ["refused", handlers.onRefused],
    ["waiting", handlers.onWaiting],
    ["frozen", handlers.onFrozen],
    ["snapshot", handlers.onSnapshot],
    ["watched", handlers.onWatched],
    ["over", handlers.onOver],
  ];
  for (const [name, handler] of events) if (handler !== undefined) socket.on(name, handler);
  let openedAt = 0;
  socket.io.on("open", () => {
    openedAt = performance.now();
  });
  socket.on("connect", () => handlers.onConnect?.(performance.now() - openedAt));
  socket.on("connect_error", ({ message }) => {
    // An active socket tries again by itself; another one was turned away by the server.
    if (socket.active) handlers.onLost?.();
    else handlers.onRefused?.({ code: "full", message });
  });
  return {
    join: (opponent, speed) => socket.emit("join", { opponent, speed }),
    turn: (game, action) => socket.emit("turn", { game, action }),
    resume: (game, key) => socket.emit("resume", { game, key }),
    echo: (game, ply) => socket.emit("echo", { game, ply }),
    rematch: (game) => socket.emit("rematch", { game }),
    leave: (game) => socket.emit("leave", { game }),
    takeOver: (replay, ply, seat, speed) => socket.emit("take_over", { replay, ply, seat, speed }),
    leaveLine: () => socket.emit("leave_line"),
    callMe: (name) => socket.emit("call_me", { name }),
    watch: (game) => socket.emit("watch", { game }),
    reconnect: () => {
      socket.disconnect();
      socket.connect();
    },
  };
}
