//go:build !linux

package main

import "os/exec"

// The benchmark says that it runs on Linux only before it gets here; its arithmetic is tested
// everywhere.

func ownGroup(*exec.Cmd) {}

func checkFiles(int) error { return nil }
