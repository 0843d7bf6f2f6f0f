import type { Command } from 'commander';
import { formatInspection } from '../weights/formatInspection.js';
import { inspectPath } from '../weights/inspect.js';

export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('say what a weight file or a model folder holds, and what is missing of a model')
    .argument('<path>', 'a .safetensors, .pt or .pth file, an index of shards, or a folder of any published layout')
    .option('--json', 'print one JSON array on standard output')
    .action(async (path: string, flags: { json?: boolean }) => {
      const inspections = await inspectPath(path);
      process.stdout.write(
        flags.json ? `${JSON.stringify(inspections)}\n` : `${formatInspection(inspections).trimEnd()}\n`,
      );
      if (inspections.some((entry) => entry.kind === 'weights' && entry.problem !== undefined)) process.exitCode = 1;
    });
}
