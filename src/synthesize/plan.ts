import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { ensure } from '../errors.js';
import type { Part } from '../models/wan/checkpoint/names.js';
import type { ModelConfig } from '../models/wan/config.js';
import { toyWorld } from '../node/model/toyWorld.js';
import type { TensorStream } from '../node/weights/writeSafetensors.js';
import { configFiles } from './configFiles.js';
import {
  LAYOUTS,
  type Layout,
  type LayoutFiles,
  type Place,
  pathFor,
  type SynthesisPart,
  TINY_VAE,
} from './layouts.js';
import { type Like, modelLike } from './models.js';
import { partStreams } from './partStreams.js';
import { appendSafetensors, indexOf, shardsOf } from './safetensorsFiles.js';
import { sentencePieceModel } from './sentencePieceModel.js';
import type { StreamedFile } from './streamedFile.js';
import { type TorchContents, tensorsOf } from './torch/statePickle.js';
import { streamTorch } from './torch/streamTorch.js';
import type { FloatDType } from './valueTable.js';

export interface SynthesisOptions {
  readonly like: Like;
  readonly layout: Layout;
  /** In the place of what the layout is published in. */
  readonly dtype?: FloatDType;
  readonly seed: string;
  /** At most so many layers in the transformer and in the text encoder. */
  readonly layers?: number;
  readonly parts: ReadonlySet<SynthesisPart>;
}

/** A file to be written. */
export interface PlannedFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  /** Of the tensors or the text; headers come on top. */
  readonly byteLength: number;
  write(file: StreamedFile): Promise<void>;
}

/** All files of a checkpoint with random weights; nothing is made before it is written. */
export async function planSynthesis(options: SynthesisOptions): Promise<PlannedFile[]> {
  const { layout, parts, like } = options;
  const model = await modelLike(like, options.layers);
  const { places, tokenizer }: LayoutFiles = LAYOUTS[layout];
  ensure(
    options.dtype !== 'F8_E4M3' || places.some(({ float8 }) => float8),
    `the ${layout} layout is not published in 8 bits: use --layout comfy or kijai, or another --dtype`,
  );
  // Its ids are below 420, so they fit the vocabulary of every model that is imitated.
  const tokenizerJson = await readFile(join(toyWorld, 'tokenizer.json'), 'utf8');
  const files = [...configFiles(layout, like, model, parts)].map(([path, value]) => jsonFile(path, value));
  if (parts.has('tokenizer')) files.push(textFile(tokenizer, tokenizerJson));
  for (const place of places) {
    if (parts.has(place.part)) files.push(...weightFiles(place, model, tokenizerJson, options));
  }
  if (parts.has('tiny-vae')) files.push(...weightFiles(TINY_VAE, model, tokenizerJson, options));
  return files;
}

function weightFiles(
  place: Place,
  model: ModelConfig,
  tokenizerJson: string,
  { seed, dtype: wanted, like }: SynthesisOptions,
): PlannedFile[] {
  // Nobody publishes the VAE in 8 bits.
  const dtype = wanted === undefined || (wanted === 'F8_E4M3' && !place.float8) ? place.dtype : wanted;
  const path = pathFor(place, dtype);
  const make = (section: string, rename?: (official: string) => string) =>
    partStreams(place, model, { seed, section, dtype, rename });
  if (place.format === 'torch') {
    const contents: TorchContents = place.dictionaries
      ? new Map(
          Object.entries(place.dictionaries).map(([name, rename]) => [name, make(sectionOf(place.part, name), rename)]),
        )
      : make(place.part);
    const archive = basename(path, extname(path));
    return [planned(path, tensorsOf(contents), (file) => streamTorch(file, archive, contents))];
  }
  const tensors = make(place.part);
  if (place.holdsTokenizer) tensors.push(spieceModel(tokenizerJson));
  const shards = place.format === 'shards' ? shardsOf(path, tensors, like) : new Map([[path, tensors]]);
  const files = Array.from(shards, ([shard, some]) =>
    planned(shard, some, (file) => appendSafetensors(file, shard, some)),
  );
  return shards.size > 1 ? [...files, jsonFile(`${path}.index.json`, indexOf(shards))] : files;
}

/** The averaged generator is the transformer of the other layouts; the one that was trained beside it is another. */
function sectionOf(part: Part, dictionary: string): string {
  return dictionary === 'generator_ema' ? part : dictionary;
}

function spieceModel(tokenizerJson: string): TensorStream {
  const bytes = sentencePieceModel(tokenizerJson);
  const { length } = bytes;
  return { name: 'spiece_model', dtype: 'U8', shape: [length], byteLength: length, pieces: () => [bytes] };
}

function planned(
  path: string,
  tensors: readonly TensorStream[],
  write: (file: StreamedFile) => Promise<void>,
): PlannedFile {
  return { path, byteLength: tensors.reduce((sum, { byteLength }) => sum + byteLength, 0), write };
}

const jsonFile = (path: string, value: unknown) => textFile(path, `${JSON.stringify(value, null, 2)}\n`);

function textFile(path: string, text: string): PlannedFile {
  const bytes = Buffer.from(text);
  return { path, byteLength: bytes.length, write: (file) => file.append(bytes) };
}
