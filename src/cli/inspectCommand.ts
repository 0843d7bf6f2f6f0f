import type { Command } from 'commander';
import { createProgress, type Progress } from '../media/progress.js';
import { formatInspection } from '../node/weights/formatInspection.js';
import { type FolderInspection, type Inspection, inspectPath } from '../node/weights/inspect.js';
import { isSound } from '../node/weights/verify.js';
import { withFlags } from './flags.js';
import { print } from './output.js';

export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('say what a weight file or a model folder holds, and what is missing of a model')
    .argument('<path>', 'a .safetensors, .pt or .pth file, an index of shards, or a folder of any published layout')
    .option('--verify', 'read every byte: checksums of PyTorch files, and values that are NaN or infinite')
    .option('--json', 'print one JSON array on standard output')
    .action(runInspect);
}

const MEGABYTE = 1e6;
/** What is read in less than a second needs no progress. */
const LEAST_BYTES = 200 * MEGABYTE;

async function runInspect(path: string, { verify, json }: { verify?: boolean; json?: boolean }): Promise<void> {
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => {
    if (total < LEAST_BYTES) return;
    progress ??= createProgress({ total: Math.ceil(total / MEGABYTE), label: 'MB' });
    progress.update(Math.floor(done / MEGABYTE));
    if (done < total) return;
    progress.stop(); // the next file has its own
    progress = undefined;
  };
  try {
    const inspections = (await inspectPath(path, { verify, onProgress })).map(inFlags);
    print(json ? `${JSON.stringify(inspections)}\n` : `${formatInspection(inspections).trimEnd()}\n`);
    const isWrong = inspections.some(
      (entry) =>
        entry.kind === 'weights' &&
        (entry.problem !== undefined || (entry.verification && !isSound(entry.verification))),
    );
    if (isWrong) process.exitCode = 1;
  } finally {
    progress?.stop();
  }
}

/** What the library says of a file or folder, in the words of the command line. */
function inFlags(entry: Inspection | FolderInspection): Inspection | FolderInspection {
  const said = (text?: string) => text && withFlags(text);
  if (entry.kind === 'folder') return { ...entry, advice: said(entry.advice) };
  return { ...entry, recognised: said(entry.recognised), problem: said(entry.problem) };
}
