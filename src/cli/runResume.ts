import { extname } from 'node:path';
import * as z from 'zod';
import { ensure, TokenTrimError } from '../errors.js';
import { LazyStateFolder } from '../node/resume/lazyStateFolder.js';
import { StateFolder } from '../node/resume/stateFolder.js';
import { methodOf } from '../pipelines/plan/methods.js';
import { parsePlan } from '../pipelines/plan/parsePlan.js';
import type { DraftPlan, Plan } from '../pipelines/plan/plan.js';
import { planDifferences } from '../pipelines/resume/planDifferences.js';
import { RunState } from '../pipelines/resume/runState.js';
import type { GenerateFlags } from './generateFlags.js';
import { say } from './output.js';
import { ensureUsage } from './usageError.js';

/** A run that takes longer by its plan keeps its state unasked. */
export const LONG_SECONDS = 600;

/** What a command does not ask of the run itself, and says anew where the run goes on. */
const UNSAID = ['config', 'json', 'quiet', 'verbose', 'progress', 'dryRun', 'profile', 'resume'] as const;

/** What a state knows of the command: the folder that its paths count from, and what it said. */
const commandSchema = z.strictObject({
  folder: z.string(),
  prompt: z.string().optional(),
  flags: z.record(z.string(), z.unknown()),
});

/** The state of a run of the command line. */
export class Resume {
  private constructor(
    /** Its folder. */
    readonly path: string,
    readonly isAsked: boolean,
    private readonly command: unknown,
    private readonly folder: StateFolder | LazyStateFolder,
    public state: RunState,
  ) {}

  /**
   * Opens the folder of --resume, or the one beside the output of a run that may turn out to be long.
   * @returns undefined where the run keeps no state
   */
  static async open(prompt: string | undefined, flags: GenerateFlags): Promise<Resume | undefined> {
    const isAsked = typeof flags.resume === 'string';
    if (
      flags.dryRun ||
      (!isAsked && (flags.resume === false || flags.trace !== undefined || flags.report !== undefined))
    )
      return undefined;
    const path = isAsked ? (flags.resume as string) : folderBeside(flags);
    if (path === undefined) return undefined;
    const said = Object.fromEntries(
      Object.entries(flags).filter(
        ([name, value]) => !(UNSAID as readonly string[]).includes(name) && value !== undefined,
      ),
    );
    const command = { folder: process.cwd(), prompt, flags: said };
    let folder: StateFolder | LazyStateFolder | undefined;
    try {
      folder = isAsked ? await StateFolder.open(path) : await LazyStateFolder.open(path);
      return new Resume(path, isAsked, command, folder, await stateIn(folder, isAsked, command));
    } catch (error) {
      await folder?.close();
      if (isAsked || !(error instanceof TokenTrimError)) throw error;
      say(`note: the run keeps no state: ${error.message}`);
      return undefined;
    }
  }

  /**
   * The plan of the run that was begun, if one was.
   * @param wanted the run that is asked for now
   * @throws TokenTrimError where that is another one; a state that nobody asked for gives way to it
   */
  async begun(wanted: DraftPlan): Promise<DraftPlan | undefined> {
    const { run } = this.state;
    if (!run) return undefined;
    const plan = parsePlan(run.plan, this.path);
    const different = planDifferences(plan, wanted);
    if (different.length === 0) return plan;
    ensure(
      !this.isAsked,
      () =>
        `--resume ${this.path}: it holds another run, which differs in ${different.join('; ')}: pass --resume ${this.path} and ` +
        'nothing else to go on with that one, or name another folder',
    );
    say(`note: ${this.path} holds what another run left of itself, which this one replaces`);
    await this.folder.discard();
    this.state = await stateIn(this.folder, false, this.command);
    return undefined;
  }

  /** Where the run goes on, in words; undefined where it begins. */
  noteOf(plan: Plan): string | undefined {
    const { saved } = this.state;
    if (!saved) return undefined;
    const [done, all, what] = saved.sampling
      ? [saved.sampling.step, methodOf(plan).calls(plan), 'steps']
      : [saved.next, methodOf(plan).blocks(plan), 'blocks'];
    return `going on after ${done} of ${all} ${what}, which ${this.path} holds`;
  }

  /** What to do where the run ended early, as the end of a message; nothing where it keeps no state yet. */
  get advice(): string {
    return this.state.isKept ? `. Go on with: tokentrim generate --resume ${this.path}` : '';
  }

  /** The run is over and whole. */
  async discard(): Promise<void> {
    await this.folder.discard();
  }

  async close(): Promise<void> {
    await this.folder.close();
  }
}

/**
 * The command of the run that a folder holds, for who names the folder and nothing else.
 * @param chosen what this command says beside that
 * @throws TokenTrimError where it holds none, or its paths count from another folder
 */
export async function commandOf(
  path: string,
  chosen: Partial<GenerateFlags>,
): Promise<{ prompt: string | undefined; flags: Partial<GenerateFlags> }> {
  const folder = await LazyStateFolder.open(path);
  try {
    const { command } = await RunState.open(folder);
    const said = commandSchema.safeParse(command).data;
    ensure(said, `--resume ${path}: there is no run to go on with: say what to show, to begin one`);
    ensure(
      said.folder === process.cwd(),
      () => `--resume ${path}: the run was begun in ${said.folder}, from which its paths count: go there first`,
    );
    return { prompt: said.prompt, flags: { ...said.flags, ...chosen } };
  } finally {
    await folder.close();
  }
}

function stateIn(folder: StateFolder | LazyStateFolder, isAsked: boolean, command: unknown): Promise<RunState> {
  return RunState.open(folder, { command, leastSeconds: isAsked ? 0 : LONG_SECONDS });
}

/** `video.resume` beside `video.mp4`. */
function folderBeside({ out, latentsOnly, saveLatents }: GenerateFlags): string | undefined {
  const output = latentsOnly ? saveLatents : out;
  if (output === undefined || output === '-') return undefined;
  const plain = output.replace(/[/\\]+$/, '');
  const extension = extname(plain);
  return `${extension ? plain.slice(0, -extension.length) : plain}.resume`;
}

/** What a state cannot bring back. */
export function checkResume({ resume, trace, report, out }: GenerateFlags): void {
  if (typeof resume !== 'string') return;
  const watched = trace !== undefined ? '--trace' : report !== undefined ? '--report' : undefined;
  ensureUsage(
    watched === undefined,
    `${watched} shows a run from its first block to its last, and one that is gone on with has seen the last ones only: ` +
      'leave out --resume or that',
  );
  ensureUsage(out !== '-', '--out - cannot be gone on with: write the video to a file, or leave out --resume');
}
