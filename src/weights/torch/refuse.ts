/** What is wrong with a pickle, as the end of a sentence about it; `unpickle` says which file and what to do. */
export class PickleProblem extends Error {}

export function refuse(problem: string): never {
  throw new PickleProblem(problem);
}
