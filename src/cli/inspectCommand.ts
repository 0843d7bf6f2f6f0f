import type { Command } from 'commander';
import { formatInspection } from '../weights/formatInspection.js';
import { inspectPath } from '../weights/inspect.js';

export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('say what a weight file or a model folder holds')
    .argument('<path>', 'a .safetensors file, an index of shards, or a folder')
    .option('--json', 'print one JSON array on standard output')
    .action(async (path: string, flags: { json?: boolean }) => {
      const inspections = await inspectPath(path);
      process.stdout.write(
        flags.json ? `${JSON.stringify(inspections)}\n` : `${formatInspection(inspections).trimEnd()}\n`,
      );
      if (inspections.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
    });
}
