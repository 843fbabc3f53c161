int main_of_header_only();
int main_of_compiled();

int main() { return main_of_header_only() + main_of_compiled(); }
