/** A file of a repository on the Hub. */
export interface HubFile {
  /** `organisation/name`. */
  readonly repo: string;
  /** Inside the repository. */
  readonly path: string;
  readonly what: string;
}

const WAN = 'Wan-AI/Wan2.1-T2V-1.3B';

const wan = (path: string, what: string): HubFile => ({ repo: WAN, path, what });

/** What every preset needs beside its transformer. */
const SHARED = [
  wan('config.json', 'configuration'),
  wan('Wan2.1_VAE.pth', 'VAE'),
  wan('models_t5_umt5-xxl-enc-bf16.pth', 'text encoder'),
  wan('google/umt5-xxl/tokenizer.json', 'tokenizer'),
];

/** The files of each preset; the transformer is the last one. */
export const HUB_PRESETS = {
  wan: [...SHARED, wan('diffusion_pytorch_model.safetensors', 'transformer')],
  'self-forcing': [
    ...SHARED,
    { repo: 'gdhe17/Self-Forcing', path: 'checkpoints/self_forcing_dmd.pt', what: 'transformer' },
  ],
  'rolling-forcing': [
    ...SHARED,
    { repo: 'TencentARC/RollingForcing', path: 'checkpoints/rolling_forcing_dmd.pt', what: 'transformer' },
  ],
} as const satisfies Record<string, readonly HubFile[]>;

export type HubPreset = keyof typeof HUB_PRESETS;

export function isHubPreset(name: string): name is HubPreset {
  return Object.hasOwn(HUB_PRESETS, name);
}
