//! Log-ins in the files of Docker and Helm, and with credential helpers.
