import { ensure } from '../../../errors.js';
import { quote, quoteSome } from '../../../weights/quote.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { TextEncoderConfig, TransformerConfig, VaeConfig } from '../config.js';
import type { TinyVaeConfig } from '../tinyVae/tinyVaeConfig.js';
import { tinyVaeTensors } from '../tinyVae/tinyVaeTensors.js';
import { isWeightType } from './detection.js';
import {
  type ExpectedTensors,
  textEncoderTensors,
  transformerTensors,
  vaeDecoderTensors,
  vaeEncoderTensors,
} from './expectedTensors.js';
import type { Part } from './names.js';

/** The configuration type of each part. */
export interface PartConfigs {
  transformer: TransformerConfig;
  vae: VaeConfig;
  'text-encoder': TextEncoderConfig;
  'tiny-vae': TinyVaeConfig;
}

/** How the tensors of a source differ from what a configuration asks for; all lists are empty when they agree. */
export interface TensorCheck {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly wrongShape: readonly { name: string; expected: readonly number[]; found: readonly number[] }[];
  /** Tensors of a dtype that weights cannot have: integers, floats of less than 8 bits. */
  readonly unreadable: readonly string[];
}

/**
 * Compares names, shapes and dtypes with what `config` asks for.
 *
 * @param source tensors under official names
 */
export function checkTensors<Name extends Part>(
  part: Name,
  config: PartConfigs[Name],
  source: TensorSource,
): TensorCheck {
  const expected = expectedTensors(part, config, source);
  const found = [...expected].filter(([name]) => source.has(name));
  return {
    missing: [...expected.keys()].filter((name) => !source.has(name)),
    unexpected: source.names().filter((name) => !expected.has(name)),
    wrongShape: found
      .map(([name, shape]) => ({ name, expected: shape, found: source.info(name).shape }))
      .filter((entry) => entry.expected.join() !== entry.found.join()),
    unreadable: found.map(([name]) => name).filter((name) => !isWeightType(source.info(name).dtype)),
  };
}

/** Throws one error that says how the tensors differ from the configuration: counts, and the first few of each kind. */
export function ensureTensors<Name extends Part>(part: Name, config: PartConfigs[Name], source: TensorSource): void {
  const check = checkTensors(part, config, source);
  const lines = describeCheck(check);
  const [first] = check.unreadable;
  const advice = first
    ? `${source.info(first).dtype} cannot be run as weights: use the bf16 or fp16 file.`
    : 'Use the weights that belong to this config.json, or remove config.json to have it derived from the weights.';
  ensure(
    lines.length === 0,
    () =>
      `${source.label}: the tensors do not fit the ${part}'s configuration:\n${lines.map((line) => `  ${line}`).join('\n')}\n${advice}`,
  );
}

/** One line for each kind of difference; none when the tensors fit. */
export function describeCheck(check: TensorCheck): string[] {
  const shapes = check.wrongShape
    .slice(0, 5)
    .map((entry) => `${quote(entry.name)} is [${entry.found}], not [${entry.expected}]`);
  const rest = check.wrongShape.length - shapes.length;
  return [
    check.missing.length > 0 ? `${check.missing.length} missing: ${quoteSome(check.missing)}` : '',
    check.unexpected.length > 0 ? `${check.unexpected.length} unexpected: ${quoteSome(check.unexpected)}` : '',
    shapes.length > 0
      ? `${check.wrongShape.length} of the wrong shape: ${shapes.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
      : '',
    check.unreadable.length > 0
      ? `${check.unreadable.length} of an unsupported dtype: ${quoteSome(check.unreadable)}`
      : '',
  ].filter((line) => line !== '');
}

function expectedTensors(part: Part, config: PartConfigs[Part], source: TensorSource): ExpectedTensors {
  if (part === 'transformer') return transformerTensors(config as TransformerConfig);
  if (part === 'text-encoder') return textEncoderTensors(config as TextEncoderConfig);
  if (part === 'tiny-vae') return tinyVaeTensors(config as TinyVaeConfig, source);
  const decoder = vaeDecoderTensors(config as VaeConfig);
  // Self Forcing's decoder-only files leave the encoder out, and generating from a prompt does not need it.
  const hasEncoder = source.names().some((name) => name.startsWith('encoder.') || name.startsWith('conv1.'));
  return hasEncoder ? new Map([...decoder, ...vaeEncoderTensors(config as VaeConfig)]) : decoder;
}
