import type { Argument, Command, Option } from 'commander';
import { HUB_PRESETS } from '../node/hub/presets.js';
import { path } from './options.js';

/** What may stand where the cursor is. */
export interface Candidates {
  readonly values: readonly (readonly [value: string, description: string])[];
  /** Whether a file or folder may. */
  readonly files: boolean;
}

/** Values that an option also takes beside others. */
const SUGGESTED: Readonly<Record<string, readonly string[]>> = {
  '--adapter': ['gpu', 'lavapipe', 'swiftshader', 'reference', 'interpreter'],
  '--model': Object.keys(HUB_PRESETS),
  '--section': ['generator_ema', 'generator'],
  '--seed': ['random'],
};

/** @param typed the words behind the program's name up to the cursor, the last of which is being typed */
export function candidates(program: Command, typed: readonly string[]): Candidates {
  const words = joined(typed);
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1).filter((word) => word !== '');
  const first = before.findIndex((word) => !word.startsWith('-'));
  if (first < 0) return matching(current, current.startsWith('-') ? optionsOf(program) : commandsOf(program));
  if (before[first] === 'help') return matching(current, commandsOf(program));
  const command = program.commands.find((each) => each.name() === before[first]);
  if (!command) return { values: [], files: false };
  const rest = before.slice(first + 1);
  if (command.commands.length > 0) return candidates(command, [...rest, current]);
  return ofCommand(command, rest, current);
}

function ofCommand(command: Command, before: readonly string[], current: string): Candidates {
  const inOne = /^(--[^=]+)=(.*)$/.exec(current);
  if (inOne) return matching(inOne[2], valuesOf(find(command, inOne[1])));
  let operands = 0;
  for (let index = 0; index < before.length; index++) {
    const option = find(command, before[index]);
    if (option?.required && index === before.length - 1) return matching(current, valuesOf(option));
    if (option?.required) index++;
    else if (!before[index].startsWith('-')) operands++;
  }
  if (current.startsWith('-')) return matching(current, optionsOf(command));
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[operands] ?? (last?.variadic ? last : undefined);
  return matching(current, ofArgument(argument));
}

/** Bash takes `--preset=wan` for three words. */
function joined(typed: readonly string[]): string[] {
  const words: string[] = [];
  for (const word of typed) {
    const previous = words.at(-1);
    if (previous?.startsWith('--') && (word === '=' || previous.endsWith('='))) words[words.length - 1] += word;
    else words.push(word);
  }
  return words;
}

function matching(current: string, { values, files }: Candidates): Candidates {
  const fitting = values.filter(([value]) => value.startsWith(current));
  return { values: fitting, files };
}

const find = (command: Command, name: string): Option | undefined =>
  command.options.find(({ long, short }) => short === name || long === name.replaceAll('_', '-'));

function commandsOf(program: Command): Candidates {
  const commands = program.createHelp().visibleCommands(program);
  return { values: commands.map((command) => [command.name(), command.description()] as const), files: false };
}

function optionsOf(command: Command): Candidates {
  const options = command.createHelp().visibleOptions(command);
  return {
    values: options.map(({ long, short, description }) => [long ?? short ?? '', description] as const),
    files: false,
  };
}

function valuesOf(option: Option | undefined): Candidates {
  const values = [...(option?.argChoices ?? []), ...(SUGGESTED[nameOf(option)] ?? [])];
  return { values: values.map((value) => [value, ''] as const), files: option?.parseArg === path };
}

/** The name under which an option is known here, where it is an alias. */
function nameOf(option: Option | undefined): string {
  return `--${option?.attributeName().replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Choices where there are some; a prompt is nothing that could be known; all other arguments are files. */
function ofArgument(argument: Argument | undefined): Candidates {
  const choices = argument?.argChoices ?? [];
  const files = argument !== undefined && choices.length === 0 && argument.name() !== 'prompt';
  return { values: choices.map((choice) => [choice, ''] as const), files };
}
