/** Plans of scenarios that tests write out. */
import { formatFault, parseScenario } from '../../scenario/index.js';
import { type Plan, type PlannedScenario, type PlanOverrides, planScenario } from '../index.js';

/** What becomes of a scenario's text, which must be well formed. */
export function planned(text: string, overrides: PlanOverrides = {}): PlannedScenario {
  const parsed = parseScenario(text, 'f.yaml');
  if (!parsed.ok) throw new Error(parsed.faults.map(formatFault).join('\n'));
  return planScenario(parsed.scenario, { path: 'f.yaml', text, overrides });
}

/** The plan of one that can be carried out. */
export function planOf(text: string, overrides: PlanOverrides = {}): Plan {
  const result = planned(text, overrides);
  if (!result.ok) throw new Error(result.faults.join('\n'));
  return result.plan;
}
