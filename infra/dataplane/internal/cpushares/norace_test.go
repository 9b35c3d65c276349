//go:build !race

package cpushares

const raceEnabled = false
