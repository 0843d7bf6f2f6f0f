import type { Network, Part } from '../models/wan/checkpoint/names.js';
import type { FloatDType } from './valueTable.js';

/** What is written by default: a whole model. */
export const PARTS = ['transformer', 'vae', 'text-encoder', 'tokenizer'] as const;
/** What can be written. */
export const ALL_PARTS = [...PARTS, 'tiny-vae'] as const;
export type SynthesisPart = (typeof ALL_PARTS)[number];

/** A file, or a set of shards, with the tensors of one part. */
export interface Place {
  readonly part: Part;
  /** `*` stands for the dtype, as the publisher writes it; shards have their number before the ending. */
  readonly path: string;
  readonly format: 'safetensors' | 'shards' | 'torch';
  readonly naming: 'official' | 'hf';
  /** As published. */
  readonly dtype: FloatDType;
  /** Of a training checkpoint: what each of its dictionaries puts into the official names. */
  readonly dictionaries?: Readonly<Record<string, (official: string) => string>>;
  /** Whether the tokenizer lies in the file too, as a tensor of bytes. */
  readonly holdsTokenizer?: boolean;
  /** How it is published in 8 bits, if it is: as they are, or with a scale for each weight. */
  readonly float8?: 'plain' | 'scaled';
}

/** Where a layout has its files. */
export interface LayoutFiles {
  /** Which publication this is. */
  readonly description: string;
  readonly places: readonly Place[];
  readonly tokenizer: string;
}

const VAE: Place = { part: 'vae', path: 'Wan2.1_VAE.pth', format: 'torch', naming: 'official', dtype: 'F32' };
const TEXT_ENCODER: Place = {
  part: 'text-encoder',
  path: 'models_t5_umt5-xxl-enc-bf16.pth',
  format: 'torch',
  naming: 'official',
  dtype: 'BF16',
};
/** madebyollin/taehv, as Kijai publishes it. No layout has a place for it: it lies beside the others in any. */
export const TINY_VAE: Place = {
  part: 'tiny-vae',
  path: 'taew2_1.safetensors',
  format: 'safetensors',
  naming: 'official',
  dtype: 'F16',
};
const TOKENIZER = 'google/umt5-xxl/tokenizer.json';

const wrapped = (name: string) => `model.${name}`;
/** FSDP names every module that it wraps: the model, and each of its blocks. */
const sharded = (name: string) =>
  `model._fsdp_wrapped_module.${name.replace(/^blocks\.\d+\./, (block) => `${block}_fsdp_wrapped_module.`)}`;

const single = (part: Network, path: string, dtype: FloatDType, naming: Place['naming'] = 'official'): Place => ({
  part,
  path,
  format: 'safetensors',
  naming,
  dtype,
});

/** The layouts that checkpoints are published in, and this program's own. */
export const LAYOUTS = {
  official: {
    description: 'Wan-AI/Wan2.1-T2V-1.3B',
    places: [single('transformer', 'diffusion_pytorch_model.safetensors', 'F32'), VAE, TEXT_ENCODER],
    tokenizer: TOKENIZER,
  },
  diffusers: {
    description: 'Wan-AI/Wan2.1-T2V-1.3B-Diffusers',
    places: [
      {
        part: 'transformer',
        path: 'transformer/diffusion_pytorch_model.safetensors',
        format: 'shards',
        naming: 'hf',
        dtype: 'F32',
      },
      single('vae', 'vae/diffusion_pytorch_model.safetensors', 'F32', 'hf'),
      { part: 'text-encoder', path: 'text_encoder/model.safetensors', format: 'shards', naming: 'hf', dtype: 'F32' },
    ],
    tokenizer: 'tokenizer/tokenizer.json',
  },
  'self-forcing': {
    description: 'gdhe17/Self-Forcing, beside the VAE and text encoder of Wan2.1',
    places: [
      {
        part: 'transformer',
        path: 'checkpoints/self_forcing_dmd.pt',
        format: 'torch',
        naming: 'official',
        dtype: 'F32',
        dictionaries: { generator: wrapped, generator_ema: wrapped },
      },
      VAE,
      TEXT_ENCODER,
    ],
    tokenizer: TOKENIZER,
  },
  'rolling-forcing': {
    description: 'TencentARC/RollingForcing, beside the VAE and text encoder of Wan2.1',
    places: [
      {
        part: 'transformer',
        path: 'checkpoints/rolling_forcing_dmd.pt',
        format: 'torch',
        naming: 'official',
        dtype: 'F32',
        dictionaries: { generator: wrapped, generator_ema: sharded },
      },
      VAE,
      TEXT_ENCODER,
    ],
    tokenizer: TOKENIZER,
  },
  comfy: {
    description: 'Comfy-Org/Wan_2.1_ComfyUI_repackaged',
    places: [
      {
        ...single('transformer', 'split_files/diffusion_models/wan2.1_t2v_1.3B_*.safetensors', 'BF16'),
        float8: 'plain',
      },
      single('vae', 'split_files/vae/wan_2.1_vae.safetensors', 'BF16'),
      {
        ...single('text-encoder', 'split_files/text_encoders/umt5_xxl_*.safetensors', 'F16', 'hf'),
        holdsTokenizer: true,
        float8: 'scaled',
      },
    ],
    tokenizer: 'tokenizer.json',
  },
  kijai: {
    description: 'Kijai/WanVideo_comfy',
    places: [
      { ...single('transformer', 'Wan2_1-T2V-1_3B_*.safetensors', 'BF16'), float8: 'plain' },
      single('vae', 'Wan2_1_VAE_*.safetensors', 'BF16'),
      { ...single('text-encoder', 'umt5-xxl-enc-*.safetensors', 'BF16'), float8: 'plain' },
    ],
    tokenizer: 'tokenizer.json',
  },
  tokentrim: {
    description: 'the layout of weights/README.md',
    places: [
      single('transformer', 'transformer.safetensors', 'BF16'),
      single('vae', 'vae.safetensors', 'F32'),
      single('text-encoder', 'text_encoder.safetensors', 'BF16'),
    ],
    tokenizer: 'tokenizer.json',
  },
} as const satisfies Record<string, LayoutFiles>;

export type Layout = keyof typeof LAYOUTS;

const SPELLING: Record<FloatDType, string> = { F32: 'fp32', F16: 'fp16', BF16: 'bf16', F8_E4M3: 'fp8_e4m3fn' };

/** The path of a file that is published in several dtypes. */
export function pathFor({ path, float8 }: Place, dtype: FloatDType): string {
  return path.replace('*', SPELLING[dtype] + (dtype === 'F8_E4M3' && float8 === 'scaled' ? '_scaled' : ''));
}
