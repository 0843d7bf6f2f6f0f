import { createInterface } from 'node:readline/promises';
import { Argument, type Command } from 'commander';
import { TokenTrimError } from '../errors.js';
import { bytesLeft, download, freeBytes } from '../node/hub/download.js';
import { type HubSession, hubSession } from '../node/hub/hubSession.js';
import { type ListedFile, listFiles } from '../node/hub/listFiles.js';
import { HUB_PRESETS, type HubPreset } from '../node/hub/presets.js';
import { resolveModel } from '../node/hub/resolveModel.js';
import { formatBytes } from '../weights/quote.js';
import { watchInterrupt } from './interrupt.js';
import { print, say, show, startProgress } from './output.js';
import { ensureUsage } from './usageError.js';

interface DownloadFlags {
  readonly yes?: boolean;
  readonly hubUrl?: string;
  readonly quiet?: boolean;
}

export function addDownloadCommand(program: Command): void {
  program
    .command('download')
    .description("fetch the published weights of a preset into Hugging Face's cache")
    .addArgument(new Argument('<preset>', 'which model').choices(Object.keys(HUB_PRESETS)))
    .option('-y, --yes', 'do not ask before downloading')
    .option('--hub-url <url>', 'a mirror of the Hub (default: https://huggingface.co; also HF_ENDPOINT)')
    .action(run);
}

async function run(preset: HubPreset, { yes, hubUrl, quiet }: DownloadFlags): Promise<void> {
  ensureUsage(yes || !quiet, '--quiet leaves no place for a question: give --yes with it');
  const interrupt = watchInterrupt();
  const session = hubSession(hubUrl, interrupt.signal);
  try {
    const files = await listFiles(session, HUB_PRESETS[preset]);
    show(await listing(session, files));
    if (bytesLeft(files) > 0 && !yes && !(await confirm(interrupt.signal))) {
      process.stderr.write('nothing was downloaded\n');
      process.exitCode = 1;
      return;
    }
    await fetchAll(session, files);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = interrupt.status;
    say(`interrupted: \`tokentrim download ${preset}\` will go on where this one stopped`);
    return;
  } finally {
    interrupt.release();
  }
  const { path, checkpoint } = await resolveModel(preset);
  const transformer = checkpoint ? ` --checkpoint ${quoted(checkpoint)}` : '';
  print(`tokentrim generate "<prompt>" --preset ${preset} --model ${quoted(path)}${transformer}\n`);
}

async function fetchAll(session: HubSession, files: readonly ListedFile[]): Promise<void> {
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const isThere = files.every(({ isCached }) => isCached);
  const progress = startProgress({ total: isThere ? 0 : megabytes(total), label: 'download MB' });
  try {
    await download(session, files, (bytes, path) => progress.update(megabytes(bytes), path));
  } finally {
    progress.stop();
  }
}

async function listing(session: HubSession, files: readonly ListedFile[]): Promise<string> {
  const rows = files.map(({ repo, path, what, size, present, isCached }) => {
    const state = isCached ? ', in the cache' : present > 0 ? `, ${formatBytes(present)} of it here` : '';
    return `${formatBytes(size).padStart(9)}  ${repo} ${path} (${what}${state})\n`;
  });
  const left = bytesLeft(files);
  const free = await freeBytes(session);
  const sum =
    left > 0
      ? `${formatBytes(left)} to download into ${session.cache}, which has ${formatBytes(free)} free\n`
      : `all of it is in ${session.cache}\n`;
  return rows.join('') + sum;
}

async function confirm(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new TokenTrimError('nobody can be asked whether to download this: give --yes');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT')); // readline takes Ctrl-C for itself
  try {
    return /^\s*y(es)?\s*$/i.test(await terminal.question('Download? [y/N] ', { signal }));
  } catch (error) {
    if (signal.aborted) throw error;
    return false; // Ctrl-D
  } finally {
    terminal.close();
  }
}

/** A path that a shell takes as one word. */
const quoted = (path: string) => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
