export { type FoldedProfile, foldStacks, KIND_UNITS } from './fold.js';
export {
  type Comparison,
  compareProfiles,
  type FunctionMoved,
  functionsOf,
  type GroupMoved,
  type Moved,
} from './movers.js';
export { callTree, type TreeNode } from './tree.js';
