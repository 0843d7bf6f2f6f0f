import { ensure } from '../../errors.js';
import { optionsOf } from '../../options/checkOptions.js';
import { count, number, oneOf, someNumber } from '../../options/fields.js';
import { latentSchema } from '../rollout.js';
import { createSolver, SOLVER_NAMES, type SolverName } from '../solvers/createSolver.js';
import { type FlowmoOptions, flowmoOptions, flowmoSchema } from './flowmoOptions.js';

/** What sampling the bidirectional model takes. Frames are latent frames, any number of them. */
export interface WanOptions {
  /** Latent height and width. */
  readonly latent: { readonly height: number; readonly width: number };
  readonly frames: number;
  /** Steps of the solver; each is one call of the model, or two with guidance. */
  readonly steps: number;
  readonly solver: SolverName;
  /** Of the noise schedule towards noise. */
  readonly shift: number;
  /** Scale of classifier-free guidance: 1 is none, and needs no negative prompt. */
  readonly guidance: number;
  /** Steadies the motion of the video; absent: FlowMo is off. */
  readonly flowmo?: FlowmoOptions;
}

const isGuidance = (guidance: number) => guidance >= 0 && Number.isFinite(guidance);

/** @internal Steps and shift are checked where the solver is made. */
export const wanSchema = optionsOf<WanOptions>()({
  latent: latentSchema,
  frames: count(1),
  steps: someNumber,
  solver: oneOf(SOLVER_NAMES),
  shift: someNumber,
  guidance: number('must be a scale of 0 or more (1 is no guidance)', isGuidance),
  flowmo: flowmoSchema.optional(),
});

/**
 * Wan2.1's README runs its 1.3B model with a guidance of 6 and a shift of 8, and says that 8 to 12 is the range; the
 * defaults in its code, 5 and 5, are what it runs the 14B model with. Solver and steps are the code's.
 * Source: Wan-Video/Wan2.1 README.md "Run Text-to-Video Generation", generate.py.
 */
const WAN_DEFAULTS = {
  steps: 50,
  solver: 'unipc',
  shift: 8,
  guidance: 6,
} as const satisfies Partial<WanOptions>;

/**
 * The defaults with what a user chose instead.
 * @throws TokenTrimError where an option is out of range
 */
export function wanOptions(
  latent: WanOptions['latent'],
  frames: number,
  chosen: Partial<Omit<WanOptions, 'latent' | 'frames' | 'flowmo'>> & {
    readonly flowmo?: Partial<FlowmoOptions> | false;
  } = {},
): WanOptions {
  const steps = chosen.steps ?? WAN_DEFAULTS.steps;
  const flowmo = flowmoOptions(chosen.flowmo, steps);
  const options: WanOptions = {
    latent,
    frames,
    steps,
    solver: chosen.solver ?? WAN_DEFAULTS.solver,
    shift: chosen.shift ?? WAN_DEFAULTS.shift,
    guidance: chosen.guidance ?? WAN_DEFAULTS.guidance,
    ...(flowmo ? { flowmo } : {}),
  };
  ensure(
    SOLVER_NAMES.includes(options.solver),
    `the solver must be one of ${SOLVER_NAMES.join(', ')}, found ${options.solver}`,
  );
  ensure(
    isGuidance(options.guidance),
    `the guidance scale must be a number of 0 or more (1 is no guidance), found ${options.guidance}`,
  );
  createSolver(options.solver, options.steps, options.shift); // throws where steps or shift are out of range
  return options;
}
