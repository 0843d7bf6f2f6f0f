import type { TensorSource } from '../../../weights/tensorSource.js';
import { type Naming, namePatterns, type Part } from './names.js';

/** Which names of a file are those of a part, once everything that was wrapped around it is taken off. */
export interface Structure {
  readonly part: Part;
  readonly naming: Naming;
  /** What each tensor is called without wrappers, in file order; those that the part does not have are among them. */
  readonly names: ReadonlyMap<string, string>;
  /** The wrappers: `model.`, `_fsdp_wrapped_module.`, ... */
  readonly wrappers: readonly string[];
  /** What lies in the file beside the part, not in it: the beginnings of the names. */
  readonly beside: readonly string[];
}

/** Names cut at their dots: what may follow the modules that lead to a place. */
interface Tree {
  readonly children: Map<string, Tree>;
  /** The tensor whose name ends here. */
  name?: string;
}

/** The names that a part's tensors have by one naming; every number stands for any. */
interface Grammar {
  readonly part: Part;
  readonly naming: Naming;
  readonly tree: Tree;
  /** Tensors that no other model has under these names. */
  readonly marks: readonly string[];
}

/**
 * Every part by either naming, in the order in which a file is tried. The marks are those of huggingface/diffusers
 * `loaders/single_file_utils.py CHECKPOINT_KEY_NAMES`.
 */
const GRAMMARS: readonly Grammar[] = [
  grammarOf('transformer', 'official', 'head.modulation'),
  grammarOf('transformer', 'hf', 'condition_embedder.time_proj.weight'),
  grammarOf('vae', 'official', 'decoder.middle.0.residual.0.gamma'),
  grammarOf('vae', 'hf', 'decoder.mid_block.resnets.0.norm1.gamma'),
  grammarOf('text-encoder', 'official', 'token_embedding.weight'),
  grammarOf('text-encoder', 'hf', 'shared.weight', 'encoder.embed_tokens.weight'),
  grammarOf('tiny-vae', 'official', 'decoder.3.conv.0.weight'),
];

function grammarOf(part: Part, naming: Naming, ...marks: string[]): Grammar {
  return { part, naming, marks, tree: treeOf(namePatterns(part, naming), wildcard) };
}

/** A token of a name as a grammar has it. */
function wildcard(token: string): string {
  return /^\d+$/.test(token) ? '#' : token;
}

function treeOf(names: readonly string[], asToken = (token: string) => token): Tree {
  const root: Tree = { children: new Map() };
  for (const name of names) {
    let tree = root;
    for (const token of name.split(/[./]/).map(asToken)) {
      const next: Tree = tree.children.get(token) ?? { children: new Map() };
      tree.children.set(token, next);
      tree = next;
    }
    tree.name = name;
  }
  return root;
}

/** A part is also known without its mark by so many of its tensors, where they are half of all. */
const ENOUGH = 8;

/**
 * Finds a part of Wan2.1 among tensor names, behind wrappers of any name: around all of it (`pipe.dit.`), around modules
 * of it (`blocks.0._fsdp_wrapped_module.`), or beside other models of one file. What a wrapper is shows in the tree of
 * the names: where the part's own name would have to follow and none does, it is a module that holds what follows.
 *
 * @param expected the part to look for; without it the first that is found
 */
export function findStructure(names: readonly string[], expected?: Part): Structure | undefined {
  const tree = treeOf(names);
  let best: { grammar: Grammar; match: Match } | undefined;
  for (const grammar of GRAMMARS) {
    if (expected !== undefined && grammar.part !== expected) continue;
    const match = matchTree(tree, grammar.tree, '', grammar);
    if (!match || match.expected.size === 0) continue;
    if (isMarked(match, grammar)) return describe(grammar, match, names);
    const isEnough = match.expected.size >= ENOUGH && 2 * match.expected.size >= names.length;
    if (isEnough && match.expected.size > (best?.match.expected.size ?? 0)) best = { grammar, match };
  }
  return best && describe(best.grammar, best.match, names);
}

/**
 * Tensor names without what FSDP, torch.compile, PEFT, ComfyUI, pipelines and trainers put before and into them; where
 * no part shows what belongs into a name, only what trainers always call theirs is taken off.
 */
export function bareNames(source: Pick<TensorSource, 'names'>): ReadonlyMap<string, string> {
  const names = source.names();
  const found = findStructure(names)?.names;
  const bare = (name: string) => found?.get(name) ?? name.replace(WRAPPERS, '').replace(/^model\./, '');
  return new Map(names.map((name) => [name, bare(name)]));
}

/** FSDP's, activation checkpointing's and torch.compile's. */
const WRAPPERS = /(?:_fsdp_wrapped_module|_checkpoint_wrapped_module|_orig_mod)\./g;

/** What lies in a tree of the part that is looked for. */
interface Match {
  /** Bare names that the part has. */
  readonly expected: Set<string>;
  /** Every tensor's bare name, by its name in the file. */
  readonly bare: Map<string, string>;
  /** How many of them the part does not have. */
  strangers: number;
  /** The modules that were taken off, outermost last, with where they stood. */
  wrappers: { place: string; token: string }[];
  beside: string[];
}

/** Of several sets in one file, as a training checkpoint has them: the averaged weights, else the trained ones. */
const PREFERRED = ['generator_ema', 'generator'] as const;

/** Adapters are no wrappers: their matrices are not the layer's. */
const ADAPTER = /^(?:lora|lokr|loha|hada|oft|dora|ia3|adapter)/i;

function matchTree(tree: Tree, known: Tree, path: string, grammar: Grammar): Match {
  const match: Match = { expected: new Set(), bare: new Map(), strangers: 0, wrappers: [], beside: [] };
  const unknown: [token: string, Tree][] = [];
  for (const [token, child] of tree.children) {
    const next = known.children.get(wildcard(token));
    if (!next) {
      unknown.push([token, child]);
      continue;
    }
    const bare = join(path, token);
    if (child.name !== undefined) add(match, child.name, bare, next.name !== undefined);
    if (child.children.size > 0) merge(match, matchTree(child, next, bare, grammar));
  }
  const inside = unknown.map(([token, child]) => {
    const isModule = child.children.size > 0 && child.name === undefined && !ADAPTER.test(token);
    return { token, child, match: isModule ? matchTree(child, known, path, grammar) : undefined };
  });
  if (match.expected.size === 0) {
    const marked = inside.filter((one) => one.match && isMarked(one.match, grammar));
    const holding = marked.length > 0 ? marked : inside.filter((one) => (one.match?.expected.size ?? 0) > 0);
    const usual = PREFERRED.map((name) => holding.find(({ token }) => token === name)).find((one) => one);
    const holder = holding.length === 1 ? holding[0] : usual;
    if (holder) return takeOff(match, holder, inside, path);
  }
  for (const { token, child, match: found } of inside) {
    // All of it is the part's: a wrapper around some modules, or a second set, which is refused by its names.
    if (found && found.expected.size > 0 && (found.strangers === 0 || isMarked(found, grammar))) {
      merge(match, found);
      match.wrappers.push({ place: join(path, token), token });
    } else addStrangers(match, child, join(path, token));
  }
  return match;
}

interface Inside {
  readonly token: string;
  readonly child: Tree;
  readonly match?: Match;
}

/** The one module that holds what is looked for; at the top, what lies beside it is no part of it. */
function takeOff(own: Match, holder: Inside, all: readonly Inside[], path: string): Match {
  const match = holder.match as Match;
  match.wrappers.push({ place: path, token: holder.token });
  for (const other of all) {
    if (other === holder) continue;
    if (path === '') match.beside.push(other.child.children.size > 0 ? `${other.token}.` : other.token);
    else addStrangers(match, other.child, join(path, other.token));
  }
  merge(match, own);
  return match;
}

function isMarked({ expected }: Match, { marks, part, naming }: Grammar): boolean {
  // CLIP's text models have a token_embedding.weight too, and nothing else of umT5's.
  const least = part === 'text-encoder' && naming === 'official' ? 2 : 1;
  return expected.size >= least && marks.some((mark) => expected.has(mark));
}

function add(match: Match, name: string, bare: string, isExpected: boolean): void {
  match.bare.set(name, bare);
  if (isExpected) match.expected.add(bare);
  else match.strangers += 1;
}

function addStrangers(match: Match, tree: Tree, path: string): void {
  if (tree.name !== undefined) add(match, tree.name, path, false);
  for (const [token, child] of tree.children) addStrangers(match, child, join(path, token));
}

function merge(into: Match, from: Match): void {
  for (const bare of from.expected) into.expected.add(bare);
  for (const [name, bare] of from.bare) into.bare.set(name, bare);
  into.strangers += from.strangers;
  into.wrappers.push(...from.wrappers);
  into.beside.push(...from.beside);
}

const join = (path: string, token: string): string => (path === '' ? token : `${path}.${token}`);

function describe({ part, naming }: Grammar, match: Match, order: readonly string[]): Structure {
  const names = new Map<string, string>();
  for (const name of order) {
    const bare = match.bare.get(name);
    if (bare !== undefined) names.set(name, bare);
  }
  return { part, naming, names, wrappers: prefixesOf(match), beside: match.beside };
}

/** Wrappers one in another at one place as one prefix: `model.diffusion_model.`; each prefix once. */
function prefixesOf({ wrappers }: Match): string[] {
  const prefixes = new Map<string, string>();
  for (const { place, token } of wrappers) prefixes.set(place, `${token}.${prefixes.get(place) ?? ''}`);
  return [...new Set([...prefixes].sort(([left], [right]) => left.length - right.length).map(([, prefix]) => prefix))];
}
