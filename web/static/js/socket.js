// @ts-check
/** The live connection: events in, events out, nothing else. */

/** @import {Action, EndMessage, GameMessage, RefusedMessage, TickMessage} from "./types.js" */
import { io } from "socket.io-client";

/**
 * @typedef {object} LiveHandlers
 * @property {() => void} onConnect
 * @property {() => void} onLost
 * @property {(message: GameMessage) => void} onGame
 * @property {(message: TickMessage) => void} onTick
 * @property {(ms: number) => void} onLatency  the way to this browser and back
 * @property {(message: EndMessage) => void} onEnd
 * @property {(message: {game: number, replay: string}) => void} onStored
 * @property {(message: RefusedMessage) => void} onRefused
 */

/**
 * @typedef {object} LiveConnection
 * @property {(opponent: string, speed: number) => void} join
 * @property {(game: number, action: Action) => void} turn
 * @property {(game: number, key: string) => void} resume
 * @property {(game: number, ply: number) => void} echo
 * @property {(game: number) => void} rematch
 * @property {(game: number) => void} leave
 */

/**
 * @param {LiveHandlers} handlers
 * @returns {LiveConnection}
 */
export function connect(handlers) {
  const socket = io("/live", {
    transports: ["websocket", "polling"],
    reconnectionDelay: 250,
    reconnectionDelayMax: 2000,
  });
  socket.on("connect", handlers.onConnect);
  socket.on("disconnect", handlers.onLost);
  socket.on("connect_error", handlers.onLost);
  socket.on("game", handlers.onGame);
  socket.on("tick", handlers.onTick);
  socket.on("latency", handlers.onLatency);
  socket.on("end", handlers.onEnd);
  socket.on("stored", handlers.onStored);
  socket.on("refused", handlers.onRefused);
  return {
    join: (opponent, speed) => socket.emit("join", { opponent, speed }),
    turn: (game, action) => socket.emit("turn", { game, action }),
    resume: (game, key) => socket.emit("resume", { game, key }),
    echo: (game, ply) => socket.emit("echo", { game, ply }),
    rematch: (game) => socket.emit("rematch", { game }),
    leave: (game) => socket.emit("leave", { game }),
  };
}
