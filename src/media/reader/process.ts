import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TokenTrimError } from '../../errors.js';
import type { ReaderReply, ReaderRequest } from './messages.js';
import { OVER_MEMORY } from './watchdog.js';

/** Seconds without a word after which a file is given up. A sound file's parser says something every quarter of one. */
const PATIENCE = 8;

/** The same for one picture of an image file, whose decoder says nothing meanwhile. */
export const IMAGE_PATIENCE = 60;

/** Seconds for Node to start, on a machine that does much else. */
const START_PATIENCE = 120;

/** Heap of a reading process, MiB: the tables of a day of video fit. */
const HEAP = 2048;

interface Waiting {
  resolve(reply: ReaderReply): void;
  reject(error: Error): void;
}

/** A child process that reads pictures and videos; see main.ts. It never keeps this process alive while it has nothing to do. */
export class ReaderProcess {
  readonly #child: ChildProcess;
  readonly #waiting: Waiting[] = [];
  #path = '';
  /** Seconds left, and what they are after each word of the child's; ticks, of which a process that is stopped loses none. */
  #left = START_PATIENCE;
  #patience = PATIENCE;
  #ticks: NodeJS.Timeout | undefined;
  #said = '';
  #isDead = false;
  readonly #onExit = () => this.#child.kill('SIGKILL');

  constructor() {
    const main = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url)); // .ts under a loader
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.#child = fork(main, {
      // A loader that this process runs under is the child's too; a debugger is not.
      execArgv: [...process.execArgv.filter((arg) => !arg.startsWith('--inspect')), `--max-old-space-size=${HEAP}`],
      env,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'], // what libraries print is for nobody
    });
    process.once('exit', this.#onExit);
    this.#child.on('message', (reply: ReaderReply) => this.#hear(reply));
    this.#child.on('error', (error) => this.#die(error.message));
    this.#child.on('close', (code, signal) => this.#die(this.#lastWords(code, signal)));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk).slice(-4096);
    });
    this.#rest();
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /**
   * @param seconds of silence after which to give up
   * @throws TokenTrimError what the child says of the file, or that it hung, crashed or took too much memory
   */
  ask(path: string, request: ReaderRequest, seconds = PATIENCE): Promise<ReaderReply> {
    this.#path = path;
    this.#patience = seconds;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#isDead) return this.#die('its reader has ended');
      this.#child.send(request, (error) => error && this.#die(error.message));
      this.#work();
    });
  }

  /** Ends the child at once, and with it what is waited for. */
  kill(): void {
    this.#child.kill('SIGKILL');
    process.off('exit', this.#onExit);
    this.#fail('interrupted');
  }

  #hear(reply: ReaderReply): void {
    this.#left = this.#patience;
    if (reply.kind === 'ready' || reply.kind === 'alive') return;
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#rest();
    if (reply.kind !== 'failed') waiting?.resolve(reply);
    else waiting?.reject(reply.isTeaching ? new TokenTrimError(reply.message) : new Error(reply.message));
  }

  #work(): void {
    if (this.#isDead || this.#ticks) return;
    this.#left = Math.max(this.#left, this.#patience);
    for (const handle of [this.#child, this.#child.channel, this.#child.stderr as Socket]) handle?.ref();
    this.#ticks = setInterval(() => {
      if (--this.#left > 0) return;
      const advice = 'it is damaged, or its disk is too slow';
      this.#fail(`Cannot read ${this.#path}: nothing came of it in ${this.#patience} seconds: ${advice}.`);
      this.#child.kill('SIGKILL');
    }, 1000);
  }

  /** Lets this process end while the child has nothing to do. */
  #rest(): void {
    clearInterval(this.#ticks);
    this.#ticks = undefined;
    for (const handle of [this.#child, this.#child.channel, this.#child.stderr as Socket]) handle?.unref();
  }

  #lastWords(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#said.includes(OVER_MEMORY) || /out of memory|bad_alloc/i.test(this.#said))
      return 'it takes too much memory';
    return `the decoder ended by ${signal ?? `itself, with status ${code}`}`;
  }

  #die(reason: string): void {
    this.#isDead = true;
    process.off('exit', this.#onExit);
    this.#fail(`Cannot read ${this.#path}: it is damaged or made to do harm (${reason}).`);
  }

  #fail(message: string): void {
    this.#isDead = true;
    this.#rest();
    for (const { reject } of this.#waiting.splice(0)) reject(new TokenTrimError(message));
  }
}
