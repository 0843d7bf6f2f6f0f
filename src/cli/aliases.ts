import { type Command, InvalidArgumentError, Option } from 'commander';
import { size } from './options.js';
import { UsageError } from './usageError.js';

/**
 * Names under which people know our options: Wan2.1's `generate.py`, diffusers' WanPipeline, Self-Forcing's
 * `inference.py`, stable-diffusion.cpp, FastVideo and LightX2V.
 */
export const ALIASES: Readonly<Record<string, readonly string[]>> = {
  '--out': ['--output', '--output-path', '--save-file'],
  '--model': ['--ckpt-dir', '--model-path'],
  '--checkpoint': ['--checkpoint-path', '--ckpt-path'],
  '--frames': ['--num-frames', '--frame-num', '--video-frames'],
  '--seed': ['--base-seed'],
  '--steps': ['--num-inference-steps', '--sample-steps', '--infer-steps'],
  '--shift': ['--sample-shift', '--flow-shift'],
  '--solver': ['--sample-solver'],
  '--guidance': ['--guidance-scale', '--sample-guide-scale', '--cfg-scale'],
  '--adapter': ['--device'],
};

/** Names that people know and that mean something else here: what to write, said of the value they gave. */
const FOREIGN: readonly (readonly [flags: string, advice: (value: string) => string])[] = [
  [
    '--num-output-frames <n>',
    (value) =>
      `elsewhere it counts latent frames, --frames counts those of the video: use --frames ${4 * Number(value) - 3 || 81}`,
  ],
  ['--task <name>', () => 'a model folder shows what it holds: leave it out, and use --model and --preset'],
];

/** An option by another name; it sets the same value. */
class Alias extends Option {
  readonly #attribute: string;

  constructor(name: string, target: Option) {
    super(name + (/ .*/.exec(target.flags.replace(/^-\w, /, ''))?.[0] ?? ''), target.description);
    this.#attribute = target.attributeName();
    this.parseArg = target.parseArg;
    this.argChoices = target.argChoices;
    this.hideHelp();
  }

  override attributeName(): string {
    return this.#attribute;
  }
}

/**
 * Completes a command whose options are all defined: the names of {@link ALIASES}, the opposite of every switch (so that a
 * command line can take back what a file says); and refuses an option that is given twice under two names with two values.
 */
export function addAliases(command: Command): void {
  for (const option of [...command.options]) {
    for (const name of ALIASES[option.long ?? ''] ?? []) command.addOption(new Alias(name, option));
    const other = opposite(option);
    const isThere = command.options.some(({ long }) => long === other); // with a value of its own
    if ((option.isBoolean() || option.negate) && !isThere) command.addOption(new Alias(other, option));
  }
  const values = new NamedValues(command);
  for (const option of command.options) {
    const long = option.long ?? option.flags;
    command.on(`option:${option.name()}`, (text?: string | null) => {
      refuseOptionAsValue(command, long, text);
      values.add(option.attributeName(), long);
    });
  }
  if (command.options.some(({ long }) => long === '--width')) addSize(command, values);
  if (command.options.some(({ long }) => long === '--frames')) addForeign(command);
}

const opposite = ({ long = '' }: Option) => (long.startsWith('--no-') ? `--${long.slice(5)}` : `--no-${long.slice(2)}`);

/** Options as commander should see them: Python's programs have underscores in their names. */
export function withHyphens(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.map((arg, index) =>
    end >= 0 && index > end ? arg : arg.replace(/^--[a-z][\w-]*/, (name) => name.replaceAll('_', '-')),
  );
}

/** Wan2.1's `--size 832*480` is `--width 832 --height 480`. */
function addSize(command: Command, values: NamedValues): void {
  command.addOption(new Option('--size <width*height>').argParser(size).hideHelp());
  command.on('option:size', () => {
    const sides: ReturnType<typeof size> = command.getOptionValue('size');
    command.setOptionValue('size', undefined);
    for (const [side, value] of Object.entries(sides)) {
      command.setOptionValueWithSource(side, value, 'cli');
      values.add(side, '--size');
    }
  });
}

function addForeign(command: Command): void {
  for (const [flags, advice] of FOREIGN) {
    const parse = (value: string) => {
      throw new InvalidArgumentError(advice(value));
    };
    command.addOption(new Option(flags).argParser(Object.assign(parse, { json: 'integer' })).hideHelp());
  }
}

/** Commander takes what follows an option for its value, be it an option: `--out --json` would write a file "--json". */
function refuseOptionAsValue(command: Command, long: string, text?: string | null): void {
  if (!text || !command.options.some((option) => option.long === text || option.short === text)) return;
  throw new UsageError(`${long} expects a value, found the option ${text}: give it one, or leave it out`);
}

/** The same name again may change its value, as everywhere; another name for it may not. */
class NamedValues {
  readonly #command: Command;
  readonly #given = new Map<string, { long: string; value: string }>();

  constructor(command: Command) {
    this.#command = command;
  }

  add(attribute: string, long: string): void {
    const value = JSON.stringify(this.#command.getOptionValue(attribute));
    const before = this.#given.get(attribute);
    if (before && before.long !== long && before.value !== value) {
      throw new UsageError(`${before.long} and ${long} say two things about one option: leave one of them out`);
    }
    this.#given.set(attribute, { long, value });
  }
}
