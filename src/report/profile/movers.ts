/** The top of each kind as data for machines. */
import { KIND_UNITS, type Moved } from '../../profile/index.js';
import { findingSentence, subjectOf } from './clinic-words.js';
import { kindSentences, topGroup } from './sentences.js';
import { type ProfileInput, profileView } from './view.js';

const MOST_FUNCTIONS = 10;

/** What `meshmark profile --json` prints of the profiles, those that moved most first, and of clinic's findings. */
export function profileMovers(input: ProfileInput) {
  const { before, after, whole, kinds, clinic } = profileView(input);
  return {
    before,
    after,
    whole,
    clinic: clinic.map((one) => ({
      tool: one.tool,
      of: subjectOf(one),
      sentence: findingSentence(one),
      findings: one.findings,
      page: one.page,
      fault: one.fault,
    })),
    kinds: kinds.map(({ kind, comparison, missing, gaps }) => ({
      kind,
      unit: KIND_UNITS[kind].unit,
      perRequest: KIND_UNITS[kind].perRequest,
      missing,
      gaps,
      sentences: comparison === null ? [] : kindSentences(comparison),
      topGroup:
        comparison === null || comparison.before === null ? null : (topGroup(comparison)?.group ?? null),
      total: comparison === null ? null : figures(comparison.total),
      groups: (comparison?.groups ?? []).map(({ group, ...moved }) => ({ group, ...figures(moved) })),
      functions: (comparison?.functions ?? [])
        .slice(0, MOST_FUNCTIONS)
        .map(({ function: name, group, withCallees, ...moved }) => ({
          function: name,
          group,
          ...figures(moved),
          withCallees: figures(withCallees),
        })),
    })),
  };
}

function figures({ before, after, difference, standardError, beyondChance }: Moved) {
  return { before, after, difference, standardError, beyondChance };
}
