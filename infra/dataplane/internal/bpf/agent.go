package bpf

//go:generate go tool bpf2go -target bpfel -tags linux -cflags "-O2 -g -Wall -Werror -idirafter /usr/include/x86_64-linux-gnu -idirafter /usr/include/aarch64-linux-gnu" -type mm_endpoint -type mm_connection -type mm_counts Agent agent.c
