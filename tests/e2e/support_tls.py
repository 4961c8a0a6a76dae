# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, made by the openssl command: authorities, and what they sign."""
import ssl
from support import *

if not shutil.which("openssl"):
    skip("needs the openssl command")

def openssl(*arguments, **more):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60, **more)
    if done.returncode:
        ok(False, "openssl " + " ".join(arguments) + "\n" + done.stderr)
        finish()
    return done.stdout

class Certificates:
    """In a folder: authority() and then certificate()s signed by it; files are NAME.pem and NAME.key."""
    def __init__(self, folder):
        self.folder = folder
        self.serial = 0
    def file(self, name):
        return self.folder.file(name)
    def key(self, name):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.file(name + ".key"))
    def authority(self, name):
        self.key(name)
        openssl("req", "-x509", "-new", "-key", self.file(name + ".key"), "-days", "30", "-subj", f"/CN={name}",
                "-out", self.file(name + ".pem"))
        return self.file(name + ".pem")
    def certificate(self, name, authority, subject=None, names="DNS:localhost,IP:127.0.0.1", days=30):
        """`days` below 0: it has expired."""
        self.key(name)
        self.serial += 1
        request = openssl("req", "-new", "-key", self.file(name + ".key"), "-subj", subject or f"/O=Tests/CN={name}")
        extensions = self.folder.write(name + ".ext", f"subjectAltName={names}\n")
        self.folder.write(name + ".csr", request)
        openssl("x509", "-req", "-in", self.file(name + ".csr"), "-CA", self.file(authority + ".pem"), "-CAkey",
                self.file(authority + ".key"), "-set_serial", str(self.serial), "-days", str(days), "-extfile", extensions,
                "-out", self.file(name + ".pem"))
        return self.file(name + ".pem"), self.file(name + ".key")

def client_context(authority, certificate=None, versions=None, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority)
    if certificate:
        context.load_cert_chain(*certificate)
    if versions:
        context.minimum_version, context.maximum_version = versions
    if ciphers:
        context.set_ciphers(ciphers)
    return context

def connect(port, context, name="localhost"):
    s = socket.create_connection(("127.0.0.1", port), 10)
    try:
        return context.wrap_socket(s, server_hostname=name)
    except BaseException:
        s.close()
        raise

def is_refused(port, context):
    """Whether the server ends the session: with TLS 1.3 a client learns that when it reads."""
    try:
        with connect(port, context) as s:
            s.sendall(b"refused\n")
            s.settimeout(10)
            return s.recv(1) == b""
    except (ssl.SSLError, ConnectionError):
        return True
