export { type Clinic, type ClinicLook, type ClinicOutcome, openClinic } from './clinic.js';
