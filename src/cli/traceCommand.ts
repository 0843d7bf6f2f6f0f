import type { Command } from 'commander';
import { addTraceExportCommand } from './traceExportCommand.js';
import { addTraceLatentsCommand } from './traceLatentsCommand.js';

/** `tokentrim trace` and what it does with traces; `view` shows them. */
export function addTraceCommand(program: Command): void {
  const trace = program
    .command('trace')
    .description('make a trace of latents, or write one in formats of other programs')
    .helpCommand(false);
  addTraceLatentsCommand(trace);
  addTraceExportCommand(trace);
}
