#!/bin/busybox sh
# The first process of the guest. Finds the file system of the host, makes it usable, runs what is
# to be run inside it, and switches off.

bb=/bin/busybox
$bb mkdir -p /proc /sys /dev /host /result /lib /sbin
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs devtmpfs /dev
$bb --install -s /bin
$bb --install -s /sbin

off() {
    sync
    echo o > /proc/sysrq-trigger
    sleep 60
}

while read -r module; do
    insmod "/modules/$module" || echo "module $module cannot be loaded"
done < /modules/order

options=trans=virtio,version=9p2000.L,msize=1048576
mount -t 9p -o "$options" result /result || off
mount -t 9p -o "ro,cache=loose,$options" hostroot /host || off
if [ -e /result/writable ]; then
    mount -t 9p -o "$options" workspace "/host$(cat /result/writable)" || off
fi

# All other modules are where they were unpacked. Also for what the kernel asks for by itself.
ln -s "/host$(cat /result/modules)/lib/modules" /lib/modules
for module in af_packet unix ipv6 tun veth dummy vrf bridge 8021q vxlan gre ip_gre ip6_gre ipip \
    bonding wireguard vhost_net tap macvlan nf_tables ip_tables ip6_tables iptable_filter \
    iptable_nat; do
    modprobe -q "$module"
done

# Tunnels that nobody asked for are not wanted in new namespaces.
echo 1 > /proc/sys/net/core/fb_tunnels_only_for_init_net

for folder in /tmp /run /var/tmp /var/log /var/cache /root /mnt /dev/shm; do
    [ -d "/host$folder" ] && mount -t tmpfs -o mode=1777 tmpfs "/host$folder"
done
mount -t proc proc /host/proc
mount -t sysfs sysfs /host/sys
mount -o bind /dev /host/dev
mkdir -p /dev/pts /dev/shm /dev/net /host/run/netns
mount -t devpts devpts /host/dev/pts
mount -t tmpfs -o mode=1777 tmpfs /host/dev/shm
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
ifconfig lo up
hostname guest
cp /result/run.sh /host/run/guest.sh

# A terminal would turn line ends around.
stty -F /dev/ttyS1 -opost
env -i chroot /host /bin/sh /run/guest.sh > /dev/ttyS1 2>&1 < /dev/null
echo $? > /result/status
off
