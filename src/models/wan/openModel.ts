import { ensure, TokenTrimError } from '../../errors.js';
import type { ByteSource } from '../../weights/byteSource.js';
import { openTensors } from '../../weights/openTensors.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import type { ZipReader } from '../../weights/torch/zipRecords.js';
import { ensureTensors } from './checkpoint/checkTensors.js';
import { type ConfiguredPart, completeConfig } from './checkpoint/completeConfig.js';
import type { Part } from './checkpoint/names.js';
import { examineWeights, type OpenedWeights, officialTensors } from './checkpoint/openedWeights.js';
import type { StatedConfig } from './checkpoint/partConfig.js';
import { readConfigText } from './config.js';
import type { Model } from './model.js';
import { absentVae, latentSpaceOf, openTinyVae, type TinyVae, whyMisfit } from './tinyVae/openTinyVae.js';

/** What a model is made of: files, or sources of tensors that are opened already, such as those of several shards. */
export interface ModelSources {
  readonly transformer: ByteSource | TensorSource;
  /** Or a tiny one in its place. */
  readonly vae: ByteSource | TensorSource;
  /** A tiny one beside it, for runs that ask for it (`decoder`). */
  readonly tinyVae?: ByteSource | TensorSource;
  readonly textEncoder: ByteSource | TensorSource;
  /** The text of tokenizer.json, or what reads it when it is asked for. */
  readonly tokenizer: string | (() => Promise<string>);
  /** The text of config.json; without one, the tensors show what they can and Wan2.1's defaults are taken for the rest. */
  readonly config?: string;
  /** Of a training checkpoint; by default its averaged weights. */
  readonly section?: string;
  /** What the model is called, by default as config.json has it. */
  readonly name?: string;
}

/**
 * Puts a model together from its files and checks that they belong together; for a folder of them there is
 * `openModelFolder`. Tensors stay where they are until they are asked for.
 *
 * @param readZip for PyTorch's files; without it, weights are safetensors
 * @throws TokenTrimError where a file cannot be read or is not the part that it is given as; all are closed then
 */
export async function openModel(
  sources: ModelSources,
  readZip?: ZipReader,
): Promise<Model & { close(): Promise<void> }> {
  const { transformer, vae, tinyVae, textEncoder, tokenizer: text } = sources;
  const close = async () => {
    for (const source of opened.values()) await source.close();
  };
  const given = new Map<Part, ByteSource | TensorSource>([
    ['transformer', transformer],
    ['vae', vae],
    ['text-encoder', textEncoder],
    ...(tinyVae ? ([['tiny-vae', tinyVae]] as const) : []),
  ]);
  const opened = new Map(given);
  try {
    const config = sources.config === undefined ? {} : readConfigText(sources.config, 'config.json');
    const part = async (part: Part): Promise<OpenedPart> => {
      const source = given.get(part) as ByteSource | TensorSource;
      const tensors = 'size' in source ? await openTensors(source, readZip) : source;
      opened.set(part, tensors);
      const weights = examineWeights(tensors, part === 'transformer' ? sources.section : undefined);
      return openPart(part === 'vae' && isTinyVae(weights) ? 'tiny-vae' : part, weights);
    };
    const dit = await part('transformer');
    const coder = await part('vae');
    const isTiny = isTinyVae(coder.weights);
    const tiny = isTiny ? coder : tinyVae && (await part('tiny-vae'));
    const parts = {
      transformer: dit,
      ...(isTiny ? {} : { vae: coder }),
      ...(tiny ? { 'tiny-vae': tiny } : {}),
      'text-encoder': await part('text-encoder'),
    };
    const label = sources.config === undefined ? transformer.label : 'config.json';
    const name = sources.name ?? config.name ?? transformer.label;
    const model = await assembleModel({ label, config }, name, parts);
    const tokenizer = typeof text === 'string' ? async () => text : text;
    return { ...model, tokenizer, tokenizerLabel: 'tokenizer.json', close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a model is made of: its three parts, and a tiny VAE beside or in the place of its own. */
export interface ModelParts {
  readonly transformer: OpenedPart;
  readonly vae?: OpenedPart;
  readonly 'tiny-vae'?: OpenedPart;
  readonly 'text-encoder': OpenedPart;
}

/** One of them: what its file is, and what of it is used. */
export interface OpenedPart extends ConfiguredPart {
  readonly weights: OpenedWeights;
  /** A tiny VAE that nobody named: it is left out where it does not fit. */
  readonly isOptional?: boolean;
}

/** Whether weights are those of a tiny VAE: what was given as a model's VAE may be one. */
export function isTinyVae({ detection }: OpenedWeights): boolean {
  return detection.part === 'tiny-vae';
}

/** Finds the tensors of a part under official names, 8-bit floats widened. A training checkpoint's are foreign to a config.json. */
export async function openPart(part: Part, weights: OpenedWeights): Promise<OpenedPart> {
  return { weights, tensors: await officialTensors(weights, part), isForeign: weights.sections.length > 0 };
}

/**
 * A model's configuration and tensors, checked against one another.
 *
 * @param stated the model's config.json
 * @param name what the model is called
 */
export async function assembleModel(
  stated: StatedConfig,
  name: unknown,
  parts: ModelParts,
): Promise<Omit<Model, 'tokenizer' | 'tokenizerLabel'>> {
  const { transformer, vae, 'tiny-vae': tiny, 'text-encoder': textEncoder } = parts;
  const offered = tiny && tinyVaeOf(tiny);
  const config = await completeConfig(stated, name, parts, offered && latentSpaceOf(offered));
  ensureTensors('transformer', config.transformer, transformer.tensors);
  if (vae) ensureTensors('vae', config.vae, vae.tensors);
  const misfit = offered && whyMisfit(offered, config.vae);
  ensure(misfit === undefined || (tiny?.isOptional && vae), () => `${offered?.tensors.label} ${misfit}`);
  const tinyVae = misfit === undefined ? offered : undefined;
  ensureTensors('text-encoder', config.text_encoder, textEncoder.tensors);
  return {
    config,
    transformer: transformer.tensors,
    vae: vae?.tensors ?? absentVae(tiny?.tensors.label ?? 'the model'),
    ...(tinyVae ? { tinyVae } : {}),
    textEncoder: textEncoder.tensors,
    tokens: new Map(),
  };
}

/** A tiny VAE, or nothing where it was not named and cannot be used. */
function tinyVaeOf({ tensors, isOptional }: OpenedPart): TinyVae | undefined {
  try {
    return openTinyVae(tensors);
  } catch (error) {
    if (isOptional && error instanceof TokenTrimError) return undefined;
    throw error;
  }
}
