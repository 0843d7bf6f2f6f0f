import { Command, CommanderError } from 'commander';
import { addAliases, withHyphens } from './aliases.js';
import { checkOptions } from './checkOptions.js';
import { applyConfig } from './configFile.js';
import type { GenerateFlags } from './generateFlags.js';
import { addGenerateOptions } from './generateOptions.js';
import { ensureUsage, UsageError } from './usageError.js';
import { wordsOf } from './words.js';

/** An arm of a comparison: a name, and the options of `generate` in which it differs from the others. */
export interface Arm {
  readonly name: string;
  readonly options: string;
}

/** The arms that have a name of their own: the method, its parts, and what it is to be held against. */
export const NAMED_ARMS = {
  baseline: '--no-trim',
  tokentrim: '',
  placebo: '--trim-policy placebo',
  regenerate: '--trim-policy regenerate',
  flowmo: '--no-trim --flowmo first-block',
  full: '--flowmo first-block',
  adaptive: '--trim-policy adaptive',
} as const satisfies Record<string, string>;

/** What else of `generate` an arm may choose, beside all that concerns TokenTrim and FlowMo. */
const MAY_DIFFER: readonly string[] = [
  ...['trim', 'config', 'steps', 'shift', 'window', 'sink', 'blockFrames', 'contextNoise', 'solver', 'guidance'],
  ...['negativePrompt', 'dtype', 'kvDtype', 'decoder', 'methodOfPaper'],
];
const mayDiffer = (name: string) => MAY_DIFFER.includes(name) || /^(trim|flowmo)[A-Z]|^flowmo$/.test(name);

/** Names of arms are names of folders. */
const NAME = /^[a-z0-9][a-z0-9._-]*$/i;

/**
 * The arms that `--arms` and `--arm` name, in that order.
 * @throws UsageError where a name is not known, is no name, or is there twice
 */
export function armsOf(names: readonly string[], own: readonly string[]): Arm[] {
  const known = names.map((name) => {
    const isKnown = Object.hasOwn(NAMED_ARMS, name);
    ensureUsage(
      isKnown,
      `--arms: "${name}" is none of ${Object.keys(NAMED_ARMS).join(', ')}: an arm of your own is --arm "${name}: --trim-fraction 0.2"`,
    );
    return { name, options: NAMED_ARMS[name as keyof typeof NAMED_ARMS] };
  });
  const written = own.map((text) => {
    const [, name, options] = /^\s*([^:\s]+)\s*:(.*)$/s.exec(text) ?? [];
    ensureUsage(name, `--arm: expected a name and options, such as "weak: --trim-fraction 0.05", found "${text}"`);
    ensureUsage(NAME.test(name), `--arm: a name has letters, digits, - and _, found "${name}"`);
    return { name, options: options.trim() };
  });
  const arms = [...known, ...written];
  const twice = arms.find(({ name }, index) => arms.findIndex((other) => other.name === name) !== index);
  ensureUsage(!twice, `there are two arms of the name ${twice?.name}: give one of them another`);
  return arms;
}

/**
 * The flags of `generate` that an arm stands for: its own over those that all arms share.
 * @param shared options of `compare` that `generate` has too, by their names
 * @throws UsageError where this program has no such option, or an arm may not differ in it
 */
export async function armFlags(
  { name, options }: Arm,
  preset: string,
  shared: Readonly<Record<string, unknown>>,
): Promise<GenerateFlags> {
  const label = `arm ${name}`;
  const command = new Command('generate').exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  addGenerateOptions(command);
  addAliases(command);
  try {
    command.parse(withHyphens(wordsOf(options, label)), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(`${label} (${options}): ${error.message.replace(/^error: /, '')}`, { cause: error });
  }
  ensureUsage(command.args.length === 0, `${label}: "${command.args[0]}" is no option: prompts are those of all arms`);
  const { config } = command.opts<GenerateFlags>();
  if (config !== undefined) await applyConfig(command, config);
  const chosen = command.options.map((option) => option.attributeName()).filter(isChosen(command));
  const wrong = chosen.find((attribute) => !mayDiffer(attribute));
  ensureUsage(
    wrong === undefined,
    `${label}: arms are runs of the same prompts, sizes and model, and may not differ in \`${wrong}\`: give it to all of them`,
  );
  for (const [attribute, value] of Object.entries(shared)) {
    if (!isChosen(command)(attribute)) command.setOptionValueWithSource(attribute, value, 'default');
  }
  command.setOptionValueWithSource('preset', preset, 'default');
  const flags = command.opts<GenerateFlags>();
  checkOptions('a prompt', flags, isChosen(command));
  return flags;
}

/** Whether an arm says something of an option. */
function isChosen(command: Command): (name: string) => boolean {
  return (name) => ['cli', 'config'].includes(command.getOptionValueSource(name) ?? '');
}
