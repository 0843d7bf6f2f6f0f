import type { Command } from 'commander';

/** What the library calls otherwise than the command line, and functions of it that are whole commands. */
const OTHERWISE: Readonly<Record<string, string>> = {
  framesPerBlock: '--block-frames',
  'given: image': '--image',
  'given: video': '--video',
  recordNoise: '--save-noise',
  schedule: '--prompts-at',
  'trim: false': '--no-trim',
  download: '`tokentrim download`',
  verifyWeights: '`tokentrim inspect --verify <file>`',
};

const flags = new Map(Object.entries(OTHERWISE));

/** Learns the flags of a command: an option of the library is the flag of the same name. */
export function learnFlags(command: Command): void {
  for (const option of command.options) {
    if (option.long && !option.negate) flags.set(option.attributeName(), option.long);
  }
}

/**
 * A message of the library for a reader of the command line: options that it names in backquotes become flags, so that
 * "use `kvDtype` f32" is "use --kv-dtype f32".
 */
export function withFlags(message: string): string {
  return message.replace(/`(\w+(?:: \w+)?)`/g, (quoted, name) => flags.get(name) ?? quoted);
}
