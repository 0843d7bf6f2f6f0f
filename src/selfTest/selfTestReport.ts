import type { DeviceFeatures } from '../tensor/device.js';
import type { Form } from '../tensor/formTable.js';
import type { LaunchCheck } from './launchChecks.js';

/** What a self-test found: plain data, to be sent to who can mend it. */
export interface SelfTestReport {
  readonly version: 1;
  readonly program: string;
  readonly adapter: { readonly name: string; readonly driver: string | null; readonly features: DeviceFeatures };
  readonly model: string;
  readonly forms: readonly Form[];
  /** Each kernel once for each combination of shapes, as `<kernel>.<form>`. */
  readonly checks: readonly LaunchCheck[];
  /** What was too much work for a twin. */
  readonly leftOut: readonly string[];
  /** Forms in which a run failed, and why; what else is said of them is of what came before. */
  readonly broken: readonly { readonly form: Form; readonly reason: string }[];
  /** Forms that this adapter gets wrong and that are not used any more, such as `linear tiled`. */
  readonly faulty: readonly string[];
  readonly seconds: number;
}
