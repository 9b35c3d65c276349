export { type Clinic, type ClinicLook, type ClinicOutcome, lastWords, openClinic } from './clinic.js';
