import { dirname } from 'node:path';
import type { Command, Option } from 'commander';
import { readTextFile } from '../node/files/plainFile.js';
import { show } from '../options/fields.js';
import { nearestName } from '../options/nearestName.js';
import { configValue } from './configValue.js';
import { jsonPlace } from './jsonPlace.js';
import { size } from './options.js';
import { ensureUsage, UsageError } from './usageError.js';

/** Longer than any file of options. */
const MAX_BYTES = 2 ** 20;

/** Options that stand in each other's place: where the command line has one of them, the file's other one is not meant. */
const RIVALS = [
  ['prompt', 'promptsAt'],
  ['image', 'video'],
] as const;

/**
 * Fills in what the command line leaves open from the file of `--config`: an object with options by their long names, in
 * the way of this program (`trimFraction`) or of a command line (`trim-fraction`, `trim_fraction`). Paths are relative to
 * the file; null is an option left out.
 *
 * @throws TokenTrimError where the file cannot be read
 * @throws UsageError for a name that is no option, or a value that the option does not take
 */
export async function applyConfig(command: Command, file: string): Promise<void> {
  const label = `--config ${file}`;
  const text = await readTextFile(file, { what: 'a JSON file with options', limit: MAX_BYTES, label });
  const isTaken = takenBy(command);
  const keys = new Map<string, string>();
  const set = (attribute: string, key: string, value: unknown) => {
    const other = keys.get(attribute);
    ensureUsage(
      other === undefined,
      `${label}: "${other}" and "${key}" are two names of one option: leave one of them out`,
    );
    keys.set(attribute, key);
    if (!isTaken.has(attribute)) command.setOptionValueWithSource(attribute, value, 'config');
  };
  for (const [key, given] of Object.entries(asOptions(parse(text, label)))) {
    const option = optionOf(command, key, label);
    if (given === null) continue;
    const value = configValue(option, given, `${label}: "${key}"`, dirname(file));
    if (option.parseArg !== size) set(option.attributeName(), key, value);
    else for (const [side, pixels] of Object.entries(value as ReturnType<typeof size>)) set(side, key, pixels);
  }
}

/** What the command line has decided. */
function takenBy(command: Command): Set<string> {
  const names = command.options.map((option) => option.attributeName());
  const taken = new Set(names.filter((name) => command.getOptionValueSource(name) === 'cli'));
  if (command.args.length > 0) taken.add('prompt');
  for (const rivals of RIVALS) if (rivals.some((name) => taken.has(name))) for (const name of rivals) taken.add(name);
  return taken;
}

function parse(text: string, label: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const { line, column } = jsonPlace(text);
    throw new UsageError(`${label}: no JSON from line ${line}, column ${column} on: ${(cause as Error).message}`, {
      cause,
    });
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  ensureUsage(isObject, `${label}: expected an object of options, such as {"frames": 81}, found ${show(value)}`);
  return value as object;
}

/** The `settings` of `--json` as options again: there TokenTrim's stand together, and so do the types of the parts. */
function asOptions(given: object): object {
  const { trim, dtype, warp: _, ...rest } = given as Record<string, unknown>;
  const isGroup = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const named = isGroup(trim)
    ? Object.entries(trim).map(([name, value]) => [`trim${name.charAt(0).toUpperCase()}${name.slice(1)}`, value])
    : trim === undefined
      ? []
      : [['trim', trim]];
  const types = isGroup(dtype) ? [...new Set(Object.values(dtype))] : [];
  const held = isGroup(dtype) ? (types.length === 1 ? types[0] : 'auto') : dtype; // only the checkpoint mixes them
  return { ...rest, ...Object.fromEntries(named), ...(held === undefined ? {} : { dtype: held }) };
}

function optionOf(command: Command, key: string, label: string): Option {
  const long = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-')}`;
  const option = command.options.find((candidate) => candidate.long === long);
  ensureUsage(option?.long !== '--config', `${label}: a file of options cannot name another: leave "${key}" out`);
  if (option) return option;
  const names = command.options.filter(({ hidden }) => !hidden).map((candidate) => candidate.attributeName());
  const near = nearestName(key, names);
  throw new UsageError(
    `${label}: "${key}" is no option of ${command.name()}: ` +
      (near ? `did you mean "${near}"?` : `\`tokentrim ${command.name()} --help\` shows them`),
  );
}
