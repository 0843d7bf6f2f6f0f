import type { WeightType } from '../../models/wan/loadTensors.js';
import type { Model } from '../../models/wan/model.js';
import { freeTextEncoder } from '../../models/wan/text/encoderWeights.js';
import { heldType, streamTextEncoder } from '../../models/wan/text/streamTextEncoder.js';
import type { EncodedPrompt } from '../../models/wan/text/tokenize.js';
import { encodePrompts } from '../../models/wan/text/umt5.js';
import type { StopSignal } from '../../options/stopSignal.js';
import type { Device } from '../../tensor/device.js';
import { areFinite, notFiniteError } from '../../tensor/notFinite.js';
import { sha256 } from '../../weights/digestSource.js';
import { cutNote, tokenizePrompts } from './promptTokens.js';

/** Keeps embedded prompts between runs, by a key that stands for all that they depend on. */
export interface PromptStore {
  /** The embeddings under a key [rows, dim], or undefined where they are not there, of another shape, or damaged. */
  read(key: string, shape: readonly [number, number]): Promise<Float32Array | undefined>;
  /** Keeps embeddings under a key; says as a sentence why that was not possible, and undefined where it was. */
  write(key: string, embeds: Float32Array, shape: readonly [number, number]): Promise<string | undefined>;
}

/** Part of every key: changes when the encoder or the entries do. */
const VERSION = 2;

export interface EmbedOptions {
  /** How the encoder's matrices are held; f32 ones that are too large for the device become bf16. */
  readonly dtype: WeightType;
  /** Where embeddings are kept between runs. */
  readonly store?: PromptStore;
  /** The digest of the encoder, for the store's keys: embeddings are kept only where it is given. */
  readonly encoder?: string;
  /** Called before each tensor of the encoder is read, with its name; what it throws ends the encoding. */
  readonly onTensor?: (name: string) => void;
  readonly signal?: StopSignal;
  /** That one of the prompts which says what the video is not to show. */
  readonly negative?: string;
}

/** The embeddings of prompts, on the host. */
export interface EmbeddedPrompts {
  /** For each prompt its rows [tokens, text_dim]; the zero rows up to text_len are left out. */
  readonly embeds: Float32Array[];
  /** What the user should know, if anything, a line each: that a prompt was cut, or could not be kept. */
  readonly note?: string;
}

type Prompted = Pick<Model, 'config' | 'textEncoder' | 'tokenizer' | 'tokenizerLabel' | 'tokens'>;

/**
 * Text to what the DiT reads. Prompts that were embedded before, with the same encoder on the same adapter, come from the
 * store bit for bit; the others go through the encoder in one pass, a layer at a time.
 * @throws TokenTrimError where the tokenizer or the encoder's weights cannot be read
 */
export async function embedPrompts(
  device: Device,
  model: Prompted,
  prompts: readonly string[],
  { dtype, store, encoder, onTensor, signal, negative }: EmbedOptions,
): Promise<EmbeddedPrompts> {
  const width = model.config.text_encoder.dim;
  const tokens = await tokenizePrompts(model, prompts);
  const kept = encoder === undefined || device.kind === 'planning' ? undefined : store;
  const type = heldType(device, model.config.text_encoder, dtype);
  const keyOf = ({ ids, length }: EncodedPrompt) =>
    sha256(
      JSON.stringify({
        ...{ version: VERSION, device: device.name, encoder, type },
        ...{ textLength: ids.length, ids: [...ids.subarray(0, length)] },
      }),
    );
  const keys = await Promise.all(tokens.map(keyOf));

  const found = new Map<string, Float32Array>();
  const missing = new Map<string, EncodedPrompt>();
  for (const [index, key] of keys.entries()) {
    if (found.has(key) || missing.has(key)) continue;
    const embeds = await kept?.read(key, [tokens[index].length, width]);
    if (embeds) found.set(key, embeds);
    else missing.set(key, tokens[index]);
  }
  const notes = new Set<string | undefined>(
    prompts.map((prompt, index) =>
      cutNote(prompt === negative ? 'the negative prompt' : 'a prompt', prompt, tokens[index]),
    ),
  );
  notes.delete(undefined);
  if (type !== dtype)
    notes.add(`The text encoder runs in ${type}: ${device.name} binds no matrix as large as its ${dtype} ones.`);
  if (missing.size > 0) {
    const computed = await encode(device, model, [...missing.values()], type, () => signal?.throwIfAborted(), onTensor);
    for (const [index, [key, { length }]] of [...missing].entries()) {
      found.set(key, computed[index]);
      const note = await kept?.write(key, computed[index], [length, width]);
      if (note) notes.add(note);
    }
  }
  return {
    embeds: keys.map((key) => found.get(key) as Float32Array),
    note: notes.size > 0 ? [...notes].join('\n') : undefined,
  };
}

/** The real rows of each prompt's embeddings; the encoder is on the device only for this. */
async function encode(
  device: Device,
  { config, textEncoder }: Prompted,
  prompts: readonly EncodedPrompt[],
  type: WeightType,
  checkAborted: () => void,
  onTensor?: (name: string) => void,
): Promise<Float32Array[]> {
  checkAborted();
  const encoder = await streamTextEncoder(device, textEncoder, config.text_encoder, type, (name) => {
    checkAborted();
    onTensor?.(name);
  });
  try {
    const encoded = await encodePrompts(encoder, prompts); // [text_len, dim] each
    const rows: Float32Array[] = [];
    for (const [index, { length }] of prompts.entries()) {
      const values = await device.read(encoded[index]);
      encoded[index].dispose();
      if (!areFinite(values))
        throw notFiniteError('The text encoder made embeddings of the prompt that hold NaN or infinity');
      rows.push(Float32Array.from(values.subarray(0, length * config.text_encoder.dim)));
    }
    return rows;
  } finally {
    freeTextEncoder(encoder);
    await device.synchronize();
  }
}
