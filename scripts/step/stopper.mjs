// Breakpoints by name, set from within: whatever debugger is attached to this process stops at them, as at its own.
import { Session } from 'node:inspector';

/** @typedef {import('./stops.mjs').Stop} Stop */

/** How code that is stopped calls what prints a value. */
const PRINT = 'tokentrim.step.print';

/** Stops at lines that are found by their text, once each until they are set again, and tells what is to be seen there. */
export class Stopper {
  #session = new Session();
  /** @type {Map<string, string>} names of scripts by their address */
  #scripts = new Map();
  /** @type {Map<string, Stop>} by the id of their breakpoint */
  #set = new Map();
  #tell;

  /**
   * @param {(value: unknown) => string} print a value that is looked at
   * @param {(stop: Stop, values: readonly string[]) => void} tell called at each stop, before the debugger shows it
   */
  constructor(print, tell) {
    Object.assign(globalThis, { [Symbol.for(PRINT)]: print });
    this.#tell = tell;
    this.#session.connect();
    this.#session.on('Debugger.scriptParsed', ({ params }) => this.#scripts.set(params.url, params.scriptId));
    this.#session.on('Debugger.paused', ({ params }) => this.#paused(params));
    this.#ask('Debugger.enable');
  }

  /** @param {readonly Stop[]} stops those that are set already stay */
  set(stops) {
    const there = new Set(this.#set.values());
    for (const stop of stops) {
      if (there.has(stop)) continue;
      const { breakpointId } = this.#ask('Debugger.setBreakpoint', { location: this.#locate(stop) });
      this.#set.set(breakpointId, stop);
    }
  }

  /** No stop is left. */
  clear() {
    for (const breakpointId of this.#set.keys()) this.#ask('Debugger.removeBreakpoint', { breakpointId });
    this.#set.clear();
  }

  /** @param {import('node:inspector').Debugger.PausedEventDataType} pause */
  #paused({ callFrames: [{ callFrameId }], hitBreakpoints = [] }) {
    for (const breakpointId of hitBreakpoints) {
      const stop = this.#set.get(breakpointId);
      if (!stop) continue;
      const values = stop.look.map((look) => {
        const expression = `globalThis[Symbol.for('${PRINT}')](${look})`;
        return this.#ask('Debugger.evaluateOnCallFrame', { callFrameId, expression }).result.value;
      });
      this.#ask('Debugger.removeBreakpoint', { breakpointId });
      this.#set.delete(breakpointId);
      this.#tell(stop, values);
    }
  }

  /** @param {Stop} stop */
  #locate({ name, file, line }) {
    const found = [...this.#scripts].find(([url]) => /\/(dist|src)\/(.*)\.[jt]s$/.exec(url)?.[2] === file);
    if (!found) throw new Error(`the stop "${name}" is in ${file}, which was not loaded`);
    const [, scriptId] = found;
    const { scriptSource } = this.#ask('Debugger.getScriptSource', { scriptId });
    const lines = scriptSource.split('\n').flatMap((/** @type {string} */ text, /** @type {number} */ index) => {
      return text.includes(line) ? [index] : [];
    });
    if (lines.length !== 1)
      throw new Error(`the stop "${name}" is at one line of ${file}, found ${lines.length}: ${line}`);
    return { scriptId, lineNumber: lines[0] };
  }

  /**
   * Calls are answered at once, on this thread.
   * @param {string} method
   * @param {object} [given]
   * @returns {any}
   */
  #ask(method, given = {}) {
    let answer;
    this.#session.post(/** @type {'Debugger.enable'} */ (method), /** @type {any} */ (given), (error, found) => {
      if (error) throw new Error(`${method}: ${error.message}`);
      answer = found;
    });
    return answer;
  }
}
