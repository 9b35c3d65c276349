package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// vethInfoPeer is VETH_INFO_PEER of linux/veth.h.
const vethInfoPeer = 1

// createVethPair makes one end in the calling thread's namespace and the other in that of the file.
func createVethPair(near, far string, farNamespace int) error {
	peer := attribute(nil, unix.IFLA_IFNAME, zeroTerminated(far))
	peer = attribute(peer, unix.IFLA_NET_NS_FD, binary.NativeEndian.AppendUint32(nil, uint32(farNamespace)))
	info := attribute(nil, unix.IFLA_INFO_KIND, zeroTerminated("veth"))
	info = attribute(info, unix.IFLA_INFO_DATA|unix.NLA_F_NESTED,
		attribute(nil, vethInfoPeer|unix.NLA_F_NESTED, append(make([]byte, unix.SizeofIfInfomsg), peer...)))
	body := make([]byte, unix.SizeofIfInfomsg)
	body = attribute(body, unix.IFLA_IFNAME, zeroTerminated(near))
	body = attribute(body, unix.IFLA_LINKINFO|unix.NLA_F_NESTED, info)
	err := routeRequest(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body)
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("make the veth pair %s: %w (needs root or CAP_NET_ADMIN)", near, err)
	case errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("make the veth pair %s: %w (needs the kernel's veth driver: modprobe veth)", near, err)
	case err != nil:
		return fmt.Errorf("make the veth pair %s: %w", near, err)
	}
	return nil
}

// deleteDevice removes a device of the calling thread's namespace, and with it the other end of its pair.
func deleteDevice(name string) error {
	body := attribute(make([]byte, unix.SizeofIfInfomsg), unix.IFLA_IFNAME, zeroTerminated(name))
	if err := routeRequest(unix.RTM_DELLINK, 0, body); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

// attribute appends one netlink attribute, padded to four bytes.
func attribute(to []byte, kind uint16, value []byte) []byte {
	to = binary.NativeEndian.AppendUint16(to, uint16(unix.SizeofRtAttr+len(value)))
	to = binary.NativeEndian.AppendUint16(to, kind)
	to = append(to, value...)
	return append(to, make([]byte, -len(value)&3)...)
}

func zeroTerminated(text string) []byte { return append([]byte(text), 0) }

// routeRequest sends one rtnetlink message from the calling thread's namespace and waits for the kernel's answer.
func routeRequest(kind uint16, flags uint16, body []byte) error {
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	message := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	message = binary.NativeEndian.AppendUint16(message, kind)
	message = binary.NativeEndian.AppendUint16(message, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	message = binary.NativeEndian.AppendUint32(message, 1)
	message = binary.NativeEndian.AppendUint32(message, 0)
	message = append(message, body...)
	if err := unix.Sendto(socket, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 1<<16)
	length, _, err := unix.Recvfrom(socket, answer, 0)
	if err != nil {
		return err
	}
	return acknowledgement(answer[:length])
}

// acknowledgement reads the kernel's answer to one request: nil, or the errno in it.
func acknowledgement(answer []byte) error {
	messages, err := syscall.ParseNetlinkMessage(answer)
	if err != nil {
		return fmt.Errorf("netlink answer: %w", err)
	}
	for _, message := range messages {
		if message.Header.Type == unix.NLMSG_ERROR && len(message.Data) >= 4 {
			if code := int32(binary.NativeEndian.Uint32(message.Data)); code != 0 {
				return unix.Errno(-code)
			}
			return nil
		}
	}
	return errors.New("the kernel did not acknowledge a netlink request")
}
