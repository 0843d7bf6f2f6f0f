import type { Command } from 'commander';
import { type BatchStatus, batchStatus } from '../node/batch/batchStatus.js';
import { print } from './output.js';

/** Lines of each kind that are listed; of more the number is told. */
const LISTED = 20;

/** `tokentrim status`. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('say what of a batch (`generate --out-dir`) is done, running, failed and why, and what is left')
    .argument('<folder>', 'the folder of --out-dir')
    .allowExcessArguments(false)
    .option('--json', 'print one JSON object')
    .helpOption('-h, --help', 'show this')
    .action(async (folder: string, { json }: { readonly json?: boolean }) => {
      const status = await batchStatus(folder);
      print(json ? `${JSON.stringify(status)}\n` : formatStatus(status));
    });
}

/** The same in words. */
export function formatStatus(status: BatchStatus): string {
  const { folder, clips, done, running, failed, waiting, secondsPerClip, secondsLeft } = status;
  const each = secondsPerClip === null ? '' : `; a clip took ${duration(secondsPerClip)}`;
  const left = secondsLeft === null || done === clips ? '' : `, and what is left takes about ${duration(secondsLeft)}`;
  const lines = [
    `${folder}: ${done} of ${clips} clips done, ${running.length} running, ${failed.length} failed, ${waiting} waiting${each}${left}`,
    ...listed(running, ({ file, host, pid, since, silentSeconds, isStale }) => {
      const stale = isStale ? ', gone: another worker may take it over' : '';
      return `running  ${file}: process ${pid} on ${host}, since ${since}, heartbeat ${duration(silentSeconds)} ago${stale}`;
    }),
    ...listed(failed, ({ file, error, ended }) => `failed   ${file}: ${error} (${ended})`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function listed<Item>(items: readonly Item[], line: (item: Item) => string): string[] {
  const more = items.length - LISTED;
  return [...items.slice(0, LISTED).map(line), ...(more > 0 ? [`         and ${more} more`] : [])];
}

/** Such as 8.2 s, 12 min or 3.5 h. */
function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
