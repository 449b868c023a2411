// @ts-check
/** Sounds of a ride, made here with Web Audio: silent until the player's first key or tap. */

/** @import {ReplayView, Seat} from "./types.js" */
import { COL_STEP, ROW_STEP } from "./state.js";

export const STORAGE_KEY = "tron-sound";

/** The hum's pitch with nothing ahead, and with `FAR` free cells or more. */
export const HUM_HZ = Object.freeze([58, 116]);
export const FAR = 16;

const LOUDNESS = Object.freeze({ hum: 0.05, tick: 0.07, burst: 0.32, count: 0.1 });

/**
 * @param {ReplayView} view
 * @param {Seat} seat
 * @returns {number} free cells before the rider's head
 */
export function freeAhead(view, seat) {
  const taken = new Set(view.trails.flat().map(([row, col]) => row * view.width + col));
  for (const cell of view.lead_in) if (cell !== null) taken.add(cell[0] * view.width + cell[1]);
  let [row, col] = view.trails[seat][view.trails[seat].length - 1];
  const heading = view.headings[seat];
  for (let free = 0; ; free += 1) {
    row += ROW_STEP[heading];
    col += COL_STEP[heading];
    const inside = row > 0 && col > 0 && row < view.height - 1 && col < view.width - 1;
    if (!inside || taken.has(row * view.width + col)) return free;
  }
}

/**
 * @param {number} free  cells ahead
 * @returns {number} the hum's pitch in Hz: it falls as room runs out
 */
export function humHz(free) {
  const [near, far] = HUM_HZ;
  return near * (far / near) ** (Math.min(free, FAR) / FAR);
}

/** @typedef {Pick<Storage, "getItem"|"setItem">} Memory */

export class Sound {
  /**
   * @param {Memory} memory  keeps whether sound is muted
   * @param {() => AudioContext} makeContext
   */
  constructor(memory, makeContext = () => new AudioContext()) {
    this.memory = memory;
    this.makeContext = makeContext;
    this.muted = memory.getItem(STORAGE_KEY) === "off";
    /** @type {AudioContext|null} */
    this.context = null;
    /** @type {{tone: OscillatorNode, gain: GainNode}|null} */
    this.humming = null;
  }

  /** The player has touched something: from now on browsers allow sound. */
  wake() {
    if (this.muted) return;
    this.context ??= this.makeContext();
    if (this.context.state === "suspended") void this.context.resume();
  }

  /** @returns {boolean} whether it is muted now; remembered */
  toggle() {
    this.muted = !this.muted;
    this.memory.setItem(STORAGE_KEY, this.muted ? "off" : "on");
    if (this.muted) this.hush();
    else this.wake();
    return this.muted;
  }

  /** @param {number} free  cells ahead */
  hum(free) {
    const context = this.audible();
    if (context === null) return;
    if (this.humming === null) {
      const tone = new OscillatorNode(context, { type: "triangle", frequency: humHz(free) });
      const gain = new GainNode(context, { gain: 0 });
      tone.connect(gain).connect(context.destination);
      gain.gain.setTargetAtTime(LOUDNESS.hum, context.currentTime, 0.08);
      tone.start();
      this.humming = { tone, gain };
    }
    this.humming.tone.frequency.setTargetAtTime(humHz(free), context.currentTime, 0.05);
  }

  /** End the hum. */
  hush() {
    if (this.humming === null || this.context === null) return;
    const { tone, gain } = this.humming;
    gain.gain.setTargetAtTime(0, this.context.currentTime, 0.03);
    tone.stop(this.context.currentTime + 0.2);
    this.humming = null;
  }

  /** A turn. */
  tick() {
    this.blip(880, 0.04, LOUDNESS.tick, "square");
  }

  /** @param {number} left  seconds to the start, as shown; 0 for the start itself */
  count(left) {
    this.blip(left === 0 ? 880 : 660 - 110 * left, left === 0 ? 0.3 : 0.12, LOUDNESS.count, "sine");
  }

  /** A crash: filtered noise that falls. */
  burst() {
    const context = this.audible();
    if (context === null) return;
    const seconds = 0.6;
    const noise = new AudioBuffer({
      length: Math.round(seconds * context.sampleRate),
      sampleRate: context.sampleRate,
    });
    const samples = noise.getChannelData(0);
    for (let index = 0; index < samples.length; index += 1) samples[index] = 2 * Math.random() - 1;
    const source = new AudioBufferSourceNode(context, { buffer: noise });
    const filter = new BiquadFilterNode(context, { type: "lowpass", frequency: 3200 });
    const gain = new GainNode(context, { gain: LOUDNESS.burst });
    const now = context.currentTime;
    filter.frequency.exponentialRampToValueAtTime(90, now + seconds);
    gain.gain.exponentialRampToValueAtTime(0.001, now + seconds);
    source.connect(filter).connect(gain).connect(context.destination);
    source.start();
  }

  /**
   * @param {number} hz
   * @param {number} seconds
   * @param {number} loudness
   * @param {OscillatorType} type
   */
  blip(hz, seconds, loudness, type) {
    const context = this.audible();
    if (context === null) return;
    const tone = new OscillatorNode(context, { type, frequency: hz });
    const gain = new GainNode(context, { gain: loudness });
    gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + seconds);
    tone.connect(gain).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + seconds);
  }

  /** @returns {AudioContext|null} where to play, or null while nothing may be heard */
  audible() {
    return this.muted || this.context?.state !== "running" ? null : this.context;
  }
}
