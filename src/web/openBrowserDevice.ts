import { ensure, type TokenTrimError } from '../errors.js';
import { checkOptions, optionsOf } from '../options/checkOptions.js';
import { callback, count, flag, text, value } from '../options/fields.js';
import type { Device } from '../tensor/device.js';
import { parseForm } from '../tensor/formTable.js';
import { adapterKind } from '../tensor/gpu/adapterKind.js';
import { DeviceErrors } from '../tensor/gpu/deviceErrors.js';
import { GpuDevice } from '../tensor/gpu/gpuDevice.js';
import { requestDevice } from '../tensor/gpu/requestDevice.js';
import { kernelText } from './kernelTexts.js';

/** How a page's device is opened. */
export interface BrowserDeviceOptions {
  /** The form of kernels to use wherever it fits (`plain`, `subgroup`, `tiled`); `auto`, the expected best, where absent. */
  readonly kernels?: string;
  /** Time every kernel (slower: a pass for every change of kernel). */
  readonly profile?: boolean;
  /** A lower limit than the adapter's own: what a run does on smaller adapters. */
  readonly maxBindingBytes?: number;
  /**
   * Floating-point operations a second that are expected at first (2.5e10, or 2e11 where it multiplies matrices), by which launches are cut so that no driver ends
   * them; what calls take corrects it. Lower it where a slow card is lost in a run's first seconds.
   */
  readonly operationsASecond?: number;
  /** Called once if the device is lost; the call that waits for it is told as well. A lost device stays lost: open another. */
  readonly onLost?: (error: TokenTrimError) => void;
  /** @internal WebGPU itself; that of the page or worker where absent. */
  readonly gpu?: GPU;
}

const deviceSchema = optionsOf<BrowserDeviceOptions>()({
  kernels: text.optional(),
  profile: flag.optional(),
  maxBindingBytes: count(1).optional(),
  operationsASecond: count(1).optional(),
  onLost: callback<NonNullable<BrowserDeviceOptions['onLost']>>().optional(),
  gpu: value<GPU>('must be WebGPU, as `navigator.gpu` is', (given) => typeof given === 'object').optional(),
});

const ADVICE = {
  refused: 'Close other programs and pages that use it, and load this page again.',
  lost: 'Run again with a smaller size and other pages closed; if that does not help, load this page again.',
};

/**
 * Opens the device that tensors live on, in a page or a worker.
 * @throws TokenTrimError where the browser offers no WebGPU, no adapter or no device: why, and what to do
 */
export async function openBrowserDevice(options: BrowserDeviceOptions = {}): Promise<Device> {
  checkOptions('openBrowserDevice', deviceSchema, options);
  const { onLost, profile, maxBindingBytes, operationsASecond } = options;
  const forced = parseForm(options.kernels);
  const gpu = options.gpu ?? globalThis.navigator?.gpu;
  ensure(gpu, whyNoWebGpu);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  ensure(adapter, NO_ADAPTER);
  const name = nameOf(adapter.info);
  const isCard = adapterKind(adapter.info) === 'gpu';
  const errors = new DeviceErrors();
  const device = await requestDevice(adapter, {
    name,
    advice: ADVICE,
    onLost: (error) => {
      errors.note(error.message, true);
      onLost?.(error);
    },
  });
  const opened = new GpuDevice(device, name, kernelText, {
    profile,
    maxBindingBytes,
    operationsASecond,
    note: isCard
      ? undefined
      : `${name} runs on the processor: a browser that uses a graphics card is many times faster.`,
    availableBytes: isCard ? undefined : machineBytes,
    errors,
  });
  opened.forms.forced = forced;
  return opened;
}

/** Browsers hide parts of an adapter's identity: what is left of it. */
function nameOf({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const known = [vendor, architecture, device].filter((word) => word !== '');
  return description || known.join(' ') || 'a graphics adapter without a name';
}

/** What browsers tell of more memory than this is rounded down, to hide the machine among others. */
const MOST_TOLD_GIB = 4;

/** The machine's memory, which a software adapter's is; undefined where the browser does not tell. */
function machineBytes(): number | undefined {
  const { deviceMemory } = globalThis.navigator as { deviceMemory?: number };
  return deviceMemory !== undefined && deviceMemory <= MOST_TOLD_GIB ? deviceMemory * 2 ** 30 : undefined;
}

function whyNoWebGpu(): string {
  return globalThis.isSecureContext === false
    ? 'Browsers give WebGPU to secure pages alone: open this one by https://, or by http://localhost.'
    : 'This browser has no WebGPU: use a newer one, such as Chrome or Edge 113, Firefox 141 or Safari 26; some need it ' +
        'switched on in their settings.';
}

const NO_ADAPTER =
  'This browser offers no adapter for WebGPU: switch on hardware acceleration in its settings and bring the graphics ' +
  "card's driver up to date. Without a card, Chrome started with --enable-unsafe-webgpu runs on the processor, slowly.";
