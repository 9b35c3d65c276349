/** Series of others whose changes are known from what happened at the time, not from a detector. */

export interface PublishedSeries {
  readonly name: string;
  readonly source: string;
  readonly firstYear: number;
  readonly values: readonly number[];
}

export const NILE: PublishedSeries = {
  name: 'annual flow of the Nile at Aswan, 10⁸ m³',
  source:
    'G. W. Cobb, "The problem of the Nile: conditional solution to a changepoint problem", Biometrika 65 (1978), table 1: it fell in 1899, as tropical rain did',
  firstYear: 1871,
  values: [
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958,
    1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020,
    1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796,
    1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874,
    848, 890, 744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718,
    714, 740,
  ],
};

export const COAL: PublishedSeries = {
  name: 'explosions with ten or more dead in British coal mines',
  source:
    'R. G. Jarrett, "A note on the intervals between coal-mining disasters", Biometrika 66 (1979), by year, 191 in all: fewer from about 1890 on, after the Coal Mines Regulation Act of 1887 (Raftery and Akman, Biometrika 73, 1986: between 1887 and 1895)',
  firstYear: 1851,
  values: [
    4, 5, 4, 1, 0, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 6, 3, 3, 5, 4, 5, 3, 1, 4, 4, 1, 5, 5, 3, 4, 2, 5, 2, 2, 3,
    4, 2, 1, 3, 2, 2, 1, 1, 1, 1, 3, 0, 0, 1, 0, 1, 1, 0, 0, 3, 1, 0, 3, 2, 2, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0,
    0, 2, 1, 0, 0, 0, 1, 1, 0, 2, 3, 3, 1, 1, 2, 1, 1, 1, 1, 2, 3, 3, 0, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 0,
    0, 1, 0, 0, 1, 0, 1,
  ],
};
