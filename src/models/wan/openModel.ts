import type { ByteSource } from '../../weights/byteSource.js';
import { openTensors } from '../../weights/openTensors.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import type { ZipReader } from '../../weights/torch/zipRecords.js';
import { ensureTensors } from './checkpoint/checkTensors.js';
import { type ConfiguredPart, completeConfig } from './checkpoint/completeConfig.js';
import type { Network } from './checkpoint/names.js';
import { examineWeights, type OpenedWeights, officialTensors } from './checkpoint/openedWeights.js';
import type { StatedConfig } from './checkpoint/partConfig.js';
import { readConfigText } from './config.js';
import type { Model } from './model.js';

/** What a model is made of: files, or sources of tensors that are opened already, such as those of several shards. */
export interface ModelSources {
  readonly transformer: ByteSource | TensorSource;
  readonly vae: ByteSource | TensorSource;
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
  const { transformer, vae, textEncoder, tokenizer: text } = sources;
  const close = async () => {
    for (const source of opened.values()) await source.close();
  };
  const given = new Map<Network, ByteSource | TensorSource>([
    ['transformer', transformer],
    ['vae', vae],
    ['text-encoder', textEncoder],
  ]);
  const opened = new Map(given);
  try {
    const config = sources.config === undefined ? {} : readConfigText(sources.config, 'config.json');
    const part = async (part: Network): Promise<OpenedPart> => {
      const source = given.get(part) as ByteSource | TensorSource;
      const tensors = 'size' in source ? await openTensors(source, readZip) : source;
      opened.set(part, tensors);
      return openPart(part, examineWeights(tensors, part === 'transformer' ? sources.section : undefined));
    };
    const parts = {
      transformer: await part('transformer'),
      vae: await part('vae'),
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

/** One of a model's three parts: what its file is, and what of it is used. */
export interface OpenedPart extends ConfiguredPart {
  readonly weights: OpenedWeights;
}

/** Finds the tensors of a part under official names, 8-bit floats widened. A training checkpoint's are foreign to a config.json. */
export async function openPart(part: Network, weights: OpenedWeights): Promise<OpenedPart> {
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
  parts: Readonly<Record<Network, OpenedPart>>,
): Promise<Omit<Model, 'tokenizer' | 'tokenizerLabel'>> {
  const { transformer, vae, 'text-encoder': textEncoder } = parts;
  const config = await completeConfig(stated, name, parts);
  ensureTensors('transformer', config.transformer, transformer.tensors);
  ensureTensors('vae', config.vae, vae.tensors);
  ensureTensors('text-encoder', config.text_encoder, textEncoder.tensors);
  return {
    config,
    transformer: transformer.tensors,
    vae: vae.tensors,
    textEncoder: textEncoder.tensors,
    tokens: new Map(),
  };
}
