export { type AgainstStored, againstStored } from './against-stored.js';
export {
  BASELINE_FOLDER,
  BaselineFault,
  listBaselines,
  type StoredBaseline,
  saveBaseline,
} from './store.js';
