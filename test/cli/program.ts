import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject } from 'vitest';

/** How a command ended, and what it left in its folder. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  /** The same as bytes. */
  readonly output: Buffer;
  /** Without what Dawn prints on every adapter it opens, which it does not let a program turn off. */
  readonly stderr: string;
  readonly seconds: number;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Called with all of standard error so far, whenever there is more. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void, pid: number) => void;
  /** Sends a signal after some seconds, for a program that says nothing meanwhile. */
  readonly stopAfter?: { readonly seconds: number; readonly signal: NodeJS.Signals };
  /** Closes the program's standard output at once. */
  readonly closeStdout?: boolean;
  /** An open file that standard output goes to; a pipe by default. */
  readonly stdout?: number;
}

/** The command line, made from the sources as they are (test/support/programFolder.ts), and an empty folder for each test to run it in. */
export interface Program {
  readonly folder: string;
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** What `run` adds to the environment. */
  env(): NodeJS.ProcessEnv;
  /** Everything in the test's folder. */
  files(): string[];
  path(name: string): string;
}

const running = new Set<ChildProcess>();

/** Call at the top of a test file. */
export function useProgram(): Program {
  const bin = join(inject('programFolder'), 'bin', 'tokentrim.js');
  let home = '';
  let folder = '';
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'tokentrim-cli-'));
  });
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL'); // of tests that ran out of time
    rmSync(home, { recursive: true, force: true });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(home, 'test-'));
  });
  return {
    get folder() {
      return folder;
    },
    run: (args, options) =>
      run(bin, folder, args, {
        ...options,
        env: { ...ownCache(join(home, 'cache')), ...options?.env },
      }),
    env: () => ownCache(join(home, 'cache')),
    files: () => readdirSync(folder, { recursive: true }).map(String).sort(),
    path: (name) => join(folder, name),
  };
}

/** One message, a non-zero status, no stack, and nothing left behind or changed. */
export async function expectRefusal(
  program: Program,
  args: readonly string[],
  message: string,
  env?: NodeJS.ProcessEnv,
  expected: 1 | 2 = 1,
): Promise<void> {
  const before = contents(program);
  const { status, stdout, stderr } = await program.run(args, { env });
  expect(stderr).toContain(message);
  expect(stderr.match(/^error:/gm)).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
  expect(stdout).toBe('');
  expect(status).toBe(expected);
  expect(contents(program)).toEqual(before);
}

/** The same for what the command line alone shows to be a mistake. */
export function expectUsageError(program: Program, args: readonly string[], message: string): Promise<void> {
  return expectRefusal(program, args, message, undefined, 2);
}

/** Every file of the test's folder with its size and the time of its last change; folders by name. */
function contents(program: Program): string[] {
  return program.files().map((name) => {
    const found = lstatSync(program.path(name));
    return found.isDirectory() ? name : `${name} ${found.size} ${found.mtimeMs}`;
  });
}

/** The user's embedded prompts are neither read nor written; compiled shaders, which say nothing, are shared. */
function ownCache(folder: string): NodeJS.ProcessEnv {
  const shaders = process.env.MESA_SHADER_CACHE_DIR ?? process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return { XDG_CACHE_HOME: folder, MESA_SHADER_CACHE_DIR: shaders };
}

function run(bin: string, cwd: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const start = performance.now();
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
  });
  running.add(child);
  const chunks: Buffer[] = [];
  let stderr = '';
  child.stdout?.on('data', (chunk) => chunks.push(chunk));
  if (options.closeStdout) child.stdout?.destroy();
  const { stopAfter } = options;
  if (stopAfter) setTimeout(() => child.kill(stopAfter.signal), stopAfter.seconds * 1000).unref();
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
    options.onStderr?.(stderr, (signal) => child.kill(signal), child.pid ?? 0);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      running.delete(child);
      const said = stderr.replace(/^Warning: max\w+ artificially reduced .*\n/gm, '');
      const output = Buffer.concat(chunks);
      const seconds = (performance.now() - start) / 1000;
      resolve({ status, output, stdout: output.toString(), stderr: said, seconds });
    });
  });
}

/** A run of four blocks in seconds, of which TokenTrim makes some again. */
export const SMALL_RUN: readonly string[] = [
  ...['generate', 'a red circle bounces left and right on a navy background', '--frames', '45', '--steps', '1000,500'],
  ...['--width', '32', '--height', '32', '--trim-warmup', '1', '--trim-sensitivity', '0'],
];
