package main

import (
	"fmt"
	"os/exec"
	"syscall"
)

// ownGroup: the terminal's Ctrl-C reaches this program only, which then ends the group. Should this
// program be killed, the kernel ends the child.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// checkFiles: client and server each have one open file a stream.
func checkFiles(streams int) error {
	const others = 200
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	// Go programs, k6 too, raise their own limit to the hard one.
	if need := uint64(streams + others); limit.Max < need {
		return fmt.Errorf("%d streams need %d open files and `ulimit -Hn` is %d: raise it", streams, need, limit.Max)
	}
	return nil
}
